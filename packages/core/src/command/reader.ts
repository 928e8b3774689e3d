import type { Limit, Limits } from '../spec/limits.ts';
import { type Complaint, errorAt, type ParseError, type Span, shown } from './error.ts';
import { placeIn, type Word } from './line.ts';
import type { Notation } from './notation.ts';

/** Ends the reading of a line. Only `parse` catches it, so that nobody else meets it. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly error: ParseError;

  constructor(error: ParseError) {
    super(error.message);
    this.error = error;
  }
}

/** The words of one line, read from left to right. What takes a complaint throws it as a {@link Rejection}. */
export class Reader {
  readonly limits: Limits;
  /** All words, the verb first. */
  readonly words: readonly Word[];
  readonly #line: string;
  #next = 1;

  constructor(line: string, words: readonly Word[], limits: Limits) {
    this.#line = line;
    this.words = words;
    this.limits = limits;
  }

  get verb(): string {
    return this.words[0]?.text.toLowerCase() ?? '';
  }

  peek(): Word | undefined {
    return this.words[this.#next];
  }

  next(): Word | undefined {
    const word = this.peek();
    if (word !== undefined) this.#next += 1;
    return word;
  }

  /** The next word; without one, the complaint that something is missing at the end of the line. */
  take(missing: Complaint): Word {
    const word = this.next();
    if (word !== undefined) return word;
    const end = this.#line.length;
    this.reject({ start: end, end }, missing);
  }

  /** All words that are left. */
  rest(): readonly Word[] {
    const words = this.words.slice(this.#next);
    this.#next = this.words.length;
    return words;
  }

  /** A word's value: of its text from `from` on, where that is what follows the `=` of an option. */
  value<T>(word: Word, notation: Notation<T>, from = 0): T {
    const text = word.text.slice(from);
    const { expected } = notation;
    if (text === '') this.rejectValue(word, from, { problem: 'the value is empty', expected });
    const reading = notation.parse(text);
    if (reading.ok) return reading.value;
    const { ok, within, ...complaint } = reading;
    this.rejectValue(word, from, { expected, ...complaint }, within);
  }

  /** A word's value, as `value` reads it, unless it is over its limit. */
  limited(word: Word, notation: Notation<number>, { max }: Pick<Limit, 'max'>, from = 0): number {
    const value = this.value(word, notation, from);
    if (value > max) this.rejectOver(word, notation.format(max), from);
    return value;
  }

  rejectOver(word: Word, most: string, from = 0): never {
    const problem = `${shown(word.text.slice(from))} is over the limit`;
    this.rejectValue(word, from, { problem, expected: `at most ${most}` });
  }

  /** Complains of a value, or of a part within it; of an option's by the option's name. */
  rejectValue(word: Word, from: number, complaint: Complaint, within?: Span): never {
    const { start, end } = within ?? { start: 0, end: word.text.length - from };
    const problem = (from > 0 ? `${word.text.slice(0, from - 1).toLowerCase()}: ` : '') + complaint.problem;
    this.reject(placeIn(word, { start: from + start, end: from + end }), { ...complaint, problem });
  }

  reject(place: Span, complaint: Complaint): never {
    throw new Rejection(errorAt(place, complaint));
  }
}
