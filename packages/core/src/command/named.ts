/** A word as a name, and the value that stands with it: `--ttl=4h`, `ttl:4h`, `-n`, `ttl`. */
export interface Named {
  /** In the style of other tools' flags, which this grammar has none of. */
  readonly flag: boolean;
  /** In lower case, with dashes; all of a word that is no name. */
  readonly name: string;
  /** What stands between name and value. */
  readonly sign: string | undefined;
  readonly value: string | undefined;
}

export function namedBy(text: string): Named {
  // Slack and phones make a long dash of two short ones.
  const [, dashes, name = text, sign, value] = /^(--?|—|–)?([a-z][a-z0-9_-]*)(?:([=:])(.*))?$/is.exec(text) ?? [];
  return { flag: dashes !== undefined, name: name.toLowerCase().replaceAll('_', '-'), sign, value };
}
