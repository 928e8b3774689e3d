/** What a user writes on everything that is made for a cluster, such as who pays for it. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/**
 * What every cloud takes; in Unicode characters. Source: EC2 user guide, "Tag restrictions": 50 tags on a thing, of which
 * daskup's own may take 30; keys of 128 characters, values of 256.
 */
export const MOST_TAGS = 20;
export const LONGEST_KEY = 128;
export const LONGEST_VALUE = 256;

/** Source: the same: "the allowed characters across all AWS services". */
const TEXT = /^[\p{L}\p{N} +\-=._:/@]*$/u;
export const TAG_CHARACTERS = 'letters, digits, spaces and + - = . _ : / @';

/** AWS keeps the one for itself, in capitals too; by the other daskup finds what is its own. */
const RESERVED = /^(aws|daskup):/i;

/** What is wrong with a tag, and what was expected; null when nothing is. */
export function tagProblem({ key, value }: Tag): { readonly problem: string; readonly expected: string } | null {
  if (key === '') return { problem: 'a tag has no key', expected: 'one before the =' };
  if (RESERVED.test(key)) return { problem: 'keys that begin with aws: or daskup: are taken', expected: 'another key' };
  if (!TEXT.test(key + value)) return { problem: 'tags have not all characters', expected: TAG_CHARACTERS };
  const long = (what: string, text: string, most: number) => {
    const { length } = [...text];
    return length > most ? { problem: `the ${what} has ${length} characters`, expected: `at most ${most}` } : null;
  };
  return long('key', key, LONGEST_KEY) ?? long('value', value, LONGEST_VALUE);
}
