/** Part of a text, in UTF-16 units: from `start` up to but not `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Why a line is no command. */
export interface ParseError extends Span {
  /** What is wrong. */
  readonly problem: string;
  /** What could have stood there. */
  readonly expected: string;
  /** What was probably meant: with this in the place of the span, `parse` finds nothing wrong there any more. */
  readonly nearest?: string;
  /** All of it in one sentence that cannot steer a terminal: `no region eu-west-22; did you mean eu-west-2?` */
  readonly message: string;
}

/** What is wrong with a piece of text, before it is known where in a line it stands. */
export type Complaint = Pick<ParseError, 'problem' | 'expected' | 'nearest'>;

/** A complaint about one place of a line. */
export function errorAt({ start, end }: Span, complaint: Complaint): ParseError {
  const { problem, expected, nearest } = complaint;
  const advice = nearest === undefined ? `; expected ${expected}` : `; did you mean ${nearest}?`;
  return { start, end, ...complaint, message: plain(problem + advice) };
}

/** The line with a piece of it replaced. */
export function replaced(line: string, { start, end }: Span, by: string): string {
  return line.slice(0, start) + by + line.slice(end);
}

const LONGEST_ADVICE = 200;

/** Whether a message can give this advice whole, character by character. */
export function isTellable(advice: string): boolean {
  return advice.length <= LONGEST_ADVICE && advice === plain(advice);
}

const LONGEST_SHOWN = 40;

/** A user's text as a message shows it: cut when long. */
export function shown(text: string): string {
  const characters = [...text];
  return characters.length > LONGEST_SHOWN ? `${characters.slice(0, LONGEST_SHOWN).join('')}…` : characters.join('');
}

/** For a terminal: the line, a run of carets under the place, the message. */
export function renderError(line: string, error: ParseError): string {
  const before = [...line.slice(0, error.start)].length;
  const under = Math.max(1, [...line.slice(error.start, error.end)].length);
  return `  ${plain(line)}\n  ${' '.repeat(before)}${'^'.repeat(under)}\n${error.message}`;
}

/** As many characters, but none that moves the cursor or changes the direction of writing. */
function plain(text: string): string {
  return text.replace(/\s/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '�');
}
