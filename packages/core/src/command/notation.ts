import { isLabel, LONGEST_LABEL, labelOf } from '../spec/name.ts';
import { isTooWide, rangeOf } from '../spec/range.ts';
import { ALL_REGIONS, providerOf } from '../spec/regions.ts';
import type { GpuChoice, WorkerRange } from '../spec/spec.ts';
import { type Complaint, type Span, shown } from './error.ts';
import { nearest } from './nearest.ts';

/** A value, or what is wrong with the text: where within it, unless all of it is, and what else than usual was expected. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | ({ readonly ok: false; readonly within?: Span; readonly expected?: string } & Omit<Complaint, 'expected'>);

/** How one kind of value is written. `parse(format(value))` gives the value back. */
export interface Notation<T> {
  /** A noun phrase with an example; it follows the word "expected". */
  readonly expected: string;
  readonly parse: (text: string) => Reading<T>;
  readonly format: (value: T) => string;
}

/** A whole number from 1. */
export const whole: Notation<number> = {
  expected: 'a whole number, 1 or more',
  parse(text) {
    const value = Number(text);
    if (!/^\d+$/.test(text)) return { ok: false, problem: `${shown(text)} is not a whole number` };
    if (value === 0) return { ok: false, problem: '0 asks for nothing', expected: '1 or more, or to leave it out' };
    if (!Number.isSafeInteger(value)) return { ok: false, problem: `${shown(text)} is too large` };
    return { ok: true, value };
  },
  format: String,
};

/** A number of workers, or the bounds it may move in. */
export const count: Notation<WorkerRange> = {
  expected: 'a number of workers such as 50, or a range such as 20..100',
  parse(text) {
    const [, from, to] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
    if (from === undefined) return { ok: false, ...notACount(text) };
    const [min, max] = [Number(from), Number(to ?? from)];
    if (min === 0 || max === 0)
      return { ok: false, problem: `${shown(text)} workers are no cluster`, expected: '1 or more' };
    if (min > max) {
      return { ok: false, problem: `the range ${shown(text)} runs backwards`, nearest: `${to}..${from}` };
    }
    return { ok: true, value: { min, max } };
  },
  format: ({ min, max }) => (min === max ? `${min}` : `${min}..${max}`),
};

/** Why a text is no count, told by what it resembles. */
function notACount(text: string): Omit<Complaint, 'expected'> {
  const [, from, to] = /^(\d{1,9})(?:-|–|—|:|…|\.{3,})(\d{1,9})$/.exec(text) ?? [];
  if (from !== undefined)
    return { problem: `a range is written with two dots, not as ${text}`, nearest: `${from}..${to}` };
  const [, before] = /^(\d{1,9})[,;:]$/.exec(text) ?? [];
  if (before !== undefined) return { problem: `the count ${text} ends in a mark`, nearest: before };
  if (/^-[\d.]+$/.test(text)) return { problem: `the count ${shown(text)} is negative` };
  if (/^\d+\.\.$|^\.\.\d+$/.test(text)) return { problem: `the range ${shown(text)} lacks one of its ends` };
  if (/^\d*[.,]\d+$|^\d[\de+_,]+$/i.test(text)) return { problem: `the count ${shown(text)} is not a whole number` };
  const [, glued, word] = /^(\d+(?:\.\.\d+)?)([a-z]{2}.+|x86)$/i.exec(text) ?? [];
  if (glued !== undefined) return { problem: `a space is missing in ${shown(text)}`, nearest: `${glued} ${word}` };
  return { problem: `${shown(text)} is not a count` };
}

/** A cluster's name. */
export const label: Notation<string> = {
  expected: `a name of at most ${LONGEST_LABEL} lower-case letters, digits and dashes, with no dash at either end`,
  parse(text) {
    if (isLabel(text)) return { ok: true, value: text };
    if (text.length > LONGEST_LABEL) return { ok: false, problem: `${shown(text)} has ${text.length} characters` };
    const meant = labelOf(text);
    return { ok: false, problem: `${shown(text)} is not a name`, ...(meant && { nearest: meant }) };
  },
  format: (value) => value,
};

/** A text as it stands. */
export function verbatim(expected: string): Notation<string> {
  return { expected, parse: (value) => ({ ok: true, value }), format: (value) => value };
}

/**
 * One of a few words, of a kind that has a name.
 * @param elsewhere what else people call them.
 */
export function oneOf<T extends string>(
  kind: string,
  choices: readonly T[],
  elsewhere: ReadonlyMap<string, T> = new Map(),
): Notation<T> {
  return {
    expected: choices.join(', ').replace(/, ([^,]+)$/, ' or $1'),
    parse(text) {
      const value = choices.find((choice) => choice === text.toLowerCase());
      if (value !== undefined) return { ok: true, value };
      const meant = elsewhere.get(text.toLowerCase());
      return { ok: false, problem: `no ${kind} ${shown(text)}`, ...(meant ? { nearest: meant } : near(text, choices)) };
    },
    format: (value) => value,
  };
}

/** Region names joined by `+`. */
export const regions: Notation<readonly string[]> = list(
  '+',
  'a region such as eu-west-2, or several joined by +',
  (region) => (providerOf(region) ? null : { problem: `no region ${shown(region)}`, ...near(region, ALL_REGIONS) }),
);

/** Instance types and families of them (`g5`, or `g5.*` as some write it) joined by commas. Which exist is for the clouds to say. */
export const types: Notation<readonly string[]> = list(
  ',',
  'instance types or families joined by commas, such as g5.xlarge,g6',
  (type) => (/^[a-z0-9][a-z0-9.-]*$/.test(type) ? null : { problem: `${shown(type)} is not an instance type` }),
  (written) => written.replace(/[.-]\*$/, ''),
);

/** One place to let clients in from. */
export const range: Notation<string> = {
  expected: 'an IPv4 address or range of at most a /8, such as 203.0.113.7 or 203.0.113.0/24',
  parse(text) {
    const value = rangeOf(text);
    const complaint = notARange(text, value);
    return value === null || complaint
      ? { ok: false, ...complaint, problem: complaint?.problem ?? '' }
      : { ok: true, value };
  },
  format: (value) => value.replace(/\/32$/, ''),
};

/** Several of them joined by commas. */
export const ranges: Notation<readonly string[]> = {
  ...list(
    ',',
    'IPv4 addresses or ranges joined by commas, such as 203.0.113.0/24,198.51.100.7',
    (text) => notARange(text, rangeOf(text)),
    (written) => rangeOf(written) ?? written,
  ),
  format: (value) => value.map(range.format).join(','),
};

function notARange(text: string, value: string | null): Omit<Complaint, 'expected'> | null {
  if (value === null) {
    const isV6 = text.includes(':');
    return {
      problem: isV6
        ? `${shown(text)} is no IPv4 address, and clusters have no other`
        : `${shown(text)} is no IPv4 address or range`,
    };
  }
  if (!isTooWide(value)) return null;
  const who = value.endsWith('/0') ? 'everybody in the world' : 'far more than one place';
  return { problem: `${shown(text)} would let in ${who}` };
}

/** How many GPUs, of which kind, or both. Which kinds exist is for the clouds to say. */
export const gpus: Notation<GpuChoice> = {
  expected: 'a number of GPUs, a kind or both, such as 1, a10g or 2xa10g',
  parse(text) {
    const [, number, kind] = /^(?:(\d+)x)?([a-z][a-z0-9-]*)$/i.exec(text) ?? [];
    if (kind === undefined) {
      const [, before, after] = /^([1-9]\d{0,3})[*:]([a-z][a-z0-9-]*)$/i.exec(text) ?? [];
      if (before !== undefined)
        return { ok: false, problem: `${shown(text)} is no GPU`, nearest: `${before}x${after}` };
      if (!/^\d+$/.test(text)) return { ok: false, problem: `${shown(text)} is not a number or kind of GPUs` };
    }
    const counted = whole.parse(number ?? (kind === undefined ? text : '1'));
    return counted.ok ? { ok: true, value: { count: counted.value, kind: kind?.toLowerCase() ?? null } } : counted;
  },
  format({ count, kind }) {
    if (kind === null) return String(count);
    return count === 1 ? kind : `${count}x${kind}`;
  },
};

function near(text: string, candidates: readonly string[]): Pick<Complaint, 'nearest'> {
  const found = nearest(text, candidates);
  return found === undefined ? {} : { nearest: found };
}

/** Different values in lower case and `canonical` form, joined by a separator; `wrong` tells what is amiss with one. */
function list(
  separator: string,
  expected: string,
  wrong: (item: string) => Omit<Complaint, 'expected'> | null,
  canonical: (item: string) => string = (item) => item,
): Notation<readonly string[]> {
  return {
    expected,
    parse(text) {
      const value: string[] = [];
      let start = 0;
      for (const written of text.split(separator)) {
        const item = canonical(written.toLowerCase());
        const within = { start, end: start + written.length };
        if (item === '') return { ok: false, problem: `nothing stands on one side of a ${separator}`, within };
        const complaint = wrong(item);
        if (complaint) return { ok: false, ...complaint, within };
        if (value.includes(item))
          return { ok: false, problem: `${shown(item)} is given twice`, expected: 'it once', within };
        value.push(item);
        start = within.end + separator.length;
      }
      return { ok: true, value };
    },
    format: (value) => value.join(separator),
  };
}
