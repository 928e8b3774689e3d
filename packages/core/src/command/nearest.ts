import { distance } from 'fastest-levenshtein';

/** Nobody mistypes a word this long, and the distance costs the product of the lengths. */
const LONGEST = 64;

/** As many slips as a word of this length leaves recognisable. */
function tolerance(length: number): number {
  if (length <= 3) return 1;
  return length <= 6 ? 2 : 3;
}

/**
 * The candidate that was probably meant: the one with the fewest slips of the finger, else the only one that begins so.
 * Of several as near, the first. Undefined when none is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  if (typed.length === 0 || typed.length > LONGEST) return undefined;
  let best: string | undefined;
  let least = tolerance(typed.length) + 1;
  const begun: string[] = [];
  for (const candidate of candidates) {
    // An unfinished word is likelier than a mistyped one.
    const slips = distance(typed, candidate) - (candidate.startsWith(typed) ? 0.5 : 0);
    // Replacing every letter of a short word is no slip.
    if (slips < least && slips < candidate.length) {
      best = candidate;
      least = slips;
    }
    if (candidate.startsWith(typed)) begun.push(candidate);
  }
  return best ?? (begun.length === 1 ? begun[0] : undefined);
}
