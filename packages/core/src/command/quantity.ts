import { DOLLAR } from '../account/money.ts';
import { describeSeconds } from '../spec/duration.ts';
import { shown } from './error.ts';
import type { Notation, Reading } from './notation.ts';

type Units = ReadonlyMap<string, number>;

/** Each unit's spellings, and how much it is. */
function units(...rows: readonly (readonly [spellings: string, size: number])[]): Units {
  return new Map(
    rows.flatMap(([spellings, size]) => spellings.split(' ').map((spelling) => [spelling, size] as const)),
  );
}

const SECONDS = units(
  ['s sec secs second seconds', 1],
  ['m min mins minute minutes', 60],
  ['h hr hrs hour hours', 3600],
  ['d day days', 86_400],
);

const MEBIBYTES = units(['m mb mib', 1], ['g gb gib', 1024], ['t tb tib', 1024 * 1024]);

/** Adds up amounts with units, such as `1h30m`; `what` names the kind of quantity. */
function sum(text: string, sizes: Units, what: string): Reading<number> {
  if (/^\d+(\.\d+)?$/.test(text)) return { ok: false, problem: `${shown(text)} has no unit` };
  if (!/^(\d+(\.\d+)?[a-z]+)+$/i.test(text)) return { ok: false, problem: `${shown(text)} is not ${what}` };
  let value = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/([\d.]+)([a-z]+)/gi)) {
    const size = sizes.get(unit.toLowerCase());
    if (size === undefined) return { ok: false, problem: `no unit ${shown(unit)}` };
    value += Number(amount) * size;
  }
  if (value === 0) return { ok: false, problem: `${shown(text)} is nothing`, expected: `${what} above nothing` };
  if (!Number.isSafeInteger(Math.ceil(value))) return { ok: false, problem: `${shown(text)} is too large` };
  return { ok: true, value };
}

/** A time in whole seconds, from 1; parts of a second are rounded up. */
export const duration: Notation<number> = {
  expected: 'a duration such as 45s, 90m, 1h30m or 2d',
  parse(text) {
    const seconds = sum(text, SECONDS, 'a duration');
    return seconds.ok ? { ok: true, value: Math.ceil(seconds.value) } : seconds;
  },
  format: describeSeconds,
};

/** A size in GiB, in whole MiB rounded up. `gb` is what people type for GiB. */
export const size: Notation<number> = {
  expected: 'a size such as 16GiB, 16g or 512MiB',
  parse(text) {
    const mebibytes = sum(text, MEBIBYTES, 'a size');
    return mebibytes.ok ? { ok: true, value: Math.ceil(mebibytes.value) / 1024 } : mebibytes;
  },
  format(gibibytes) {
    if (gibibytes % 1024 === 0) return `${gibibytes / 1024}TiB`;
    return Number.isInteger(gibibytes) ? `${gibibytes}GiB` : `${gibibytes * 1024}MiB`;
  },
};

/** An amount of US dollars, in micro-dollars. */
export const money: Notation<number> = {
  expected: 'an amount of US dollars such as 40usd, $40 or 0.40',
  parse(text) {
    const [, dollars, fraction = ''] = /^\$?(\d+)(?:\.(\d+))?(?:\$|usd)?$/i.exec(text) ?? [];
    if (dollars === undefined) return { ok: false, problem: `${shown(text)} is not an amount of money` };
    if (fraction.length > 6) return { ok: false, problem: `${shown(text)} has more than six decimal places` };
    const value = Number(dollars) * DOLLAR + Number(fraction.padEnd(6, '0'));
    if (value === 0) return { ok: false, problem: `${shown(text)} buys nothing`, expected: 'an amount above 0' };
    if (!Number.isSafeInteger(value)) return { ok: false, problem: `${shown(text)} is too much` };
    return { ok: true, value };
  },
  // Not $40: a shell would take that for a variable.
  format(micros) {
    const fraction = `${micros % DOLLAR}`.padStart(6, '0').replace(/0{1,4}$/, '');
    return `${Math.floor(micros / DOLLAR)}${fraction === '00' ? '' : `.${fraction}`}usd`;
  },
};

/** A share from 0.01 to 1, written in whole per cent. */
export const percent: Notation<number> = {
  expected: 'a whole percentage from 1% to 100%, such as 90%, or a fraction such as 0.9',
  parse(text) {
    if (text === '1') return { ok: false, problem: '1 could be 1% or 100%' };
    const [, digits] = /^(\d{1,3})%?$/.exec(text) ?? [];
    const [, fraction] = /^(0?\.\d{1,2}|1\.00?)$/.exec(text) ?? [];
    const value = fraction === undefined ? Number(digits) : Math.round(Number(fraction) * 100);
    if (value >= 1 && value <= 100) return { ok: true, value: value / 100 };
    return { ok: false, problem: `${shown(text)} is not such a share` };
  },
  format: (share) => `${Math.round(share * 100)}%`,
};
