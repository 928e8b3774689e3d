import type { Span } from './error.ts';

/** One word of a line, quotes taken off. */
export interface Word extends Span {
  readonly text: string;
  /** Where in the line each UTF-16 unit of the text stands. */
  readonly offsets: readonly number[];
}

/** Phones and Slack make curly quotes of straight ones; all of them quote here. */
const QUOTE = /["“”]/;
const QUOTE_OR_BACKSLASH = /["“”\\]/;

/**
 * Splits a line at white space. Between double quotes everything is one word, and there a backslash takes a quote or a
 * backslash as it is. Fails with the place of a quote that is never closed.
 */
export function wordsOf(
  line: string,
): { readonly ok: true; readonly words: readonly Word[] } | { readonly ok: false; readonly unclosed: Span } {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const start = at;
    const offsets: number[] = [];
    let text = '';
    let quote: number | null = null;
    for (; at < line.length && (quote !== null || !/\s/.test(line.charAt(at))); at += 1) {
      if (QUOTE.test(line.charAt(at))) {
        quote = quote === null ? at : null;
        continue;
      }
      const escapes = quote !== null && line.charAt(at) === '\\' && QUOTE_OR_BACKSLASH.test(line.charAt(at + 1));
      if (escapes) at += 1;
      offsets.push(at);
      text += line.charAt(at);
    }
    if (quote !== null) return { ok: false, unclosed: { start: quote, end: line.length } };
    words.push({ text, start, end: at, offsets });
  }
  return { ok: true, words };
}

/** The place in the line of a part of a word's text; of the whole word without one. */
export function placeIn(word: Word, part: Span = { start: 0, end: word.text.length }): Span {
  const start = part.start === 0 ? word.start : (word.offsets[part.start] ?? word.end);
  const end = part.end >= word.text.length ? word.end : (word.offsets[part.end] ?? word.end);
  return { start, end };
}

/** The text written so that {@link wordsOf} reads it back as one word: quoted where it must be, after the `=` of an option. */
export function quoted(text: string): string {
  if (text !== '' && !/[\s"“”]/.test(text)) return text;
  const [option = ''] = /^[a-z-]+=/.exec(text) ?? [];
  return `${option}"${text.slice(option.length).replace(/["“”\\]/g, '\\$&')}"`;
}

/** The words a shell has split, as one line for the parser. */
export function lineOf(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}
