/** A thrown thing's message; never its other fields, which may hold what was sent. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
