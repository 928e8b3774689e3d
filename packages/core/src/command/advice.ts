import { type Complaint, errorAt, isTellable, type ParseError, replaced } from './error.ts';

/** Nobody slips more often than that in one place. */
const MOST_SLIPS = 8;

/**
 * The error with advice that helps, which only the parser can tell: advice is tried in its place. If there is another
 * error then, its advice is followed too, and the place grows to all that is replaced; one without advice is what a
 * person must hear of instead.
 * @param errorOf what is wrong with a line; undefined when nothing is.
 */
export function tried(line: string, error: ParseError, errorOf: (line: string) => ParseError | undefined): ParseError {
  let { start, end, nearest: advice } = error;
  for (let slips = 0; advice !== undefined && isTellable(advice); slips += 1) {
    const mended = replaced(line, { start, end }, advice);
    const until = start + advice.length;
    const next = errorOf(mended);
    if (next === undefined || next.end <= start || next.start >= until) {
      return errorAt({ start, end }, { ...unadvised(error), nearest: advice });
    }
    if (next.nearest === undefined || slips === MOST_SLIPS) return errorAt(error, unadvised(next));
    const place = { start: Math.min(start, next.start), end: Math.max(until, next.end) };
    const before = mended.slice(place.start, next.start);
    advice = before + next.nearest + mended.slice(next.end, place.end);
    start = place.start;
    end += place.end - until;
  }
  return errorAt(error, unadvised(error));
}

function unadvised({ problem, expected }: ParseError): Complaint {
  return { problem, expected };
}
