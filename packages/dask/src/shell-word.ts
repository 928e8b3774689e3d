/** One word of bash, whatever is in the text: a path may be named by anybody. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
