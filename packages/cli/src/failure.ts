/** Tells a person, or with `json` a program, why a command did not do what it should; returns the exit code. */
export function failure(code: number, message: string, { json }: { readonly json: boolean }): number {
  if (json) console.log(JSON.stringify({ error: message }));
  console.error(`daskup: ${message}`);
  return code;
}
