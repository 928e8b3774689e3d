import { wordsOf } from './line.ts';
import { isVerb, VERB_NAMES, VERBS } from './words.ts';

/**
 * What could stand where a line ends: whole words that begin as its last, unfinished word does, for a shell's
 * completion. An option is offered up to its `=`.
 * @param clusters the names to offer where a cluster's belongs.
 */
export function complete(line: string, clusters: readonly string[] = []): readonly string[] {
  const split = wordsOf(line);
  if (!split.ok) return [];
  const words = split.words.map(({ text }) => text.toLowerCase());
  const fragment = /\S$/.test(line) ? (words.pop() ?? '') : '';
  const [verb, ...before] = words;
  return candidates(verb, before, fragment, clusters).filter((candidate) => candidate.startsWith(fragment));
}

function candidates(
  verb: string | undefined,
  before: readonly string[],
  fragment: string,
  clusters: readonly string[],
): readonly string[] {
  if (verb === undefined) return VERB_NAMES;
  return isVerb(verb) ? VERBS[verb].candidates({ before, fragment, clusters }) : [];
}
