import { describe, expect, it } from 'vitest';
import type { Notation } from './notation.ts';
import { duration, money, percent, size } from './quantity.ts';

function canonical(notation: Notation<number>, text: string): [number, string] {
  const reading = notation.parse(text);
  if (!reading.ok) throw new Error(reading.problem);
  return [reading.value, notation.format(reading.value)];
}

describe('quantities', () => {
  it.each([
    ['90m', 5400, '1h30m'],
    ['1h30m', 5400, '1h30m'],
    ['1.5h', 5400, '1h30m'],
    ['45s', 45, '45s'],
    ['48hours', 172_800, '2d'],
    ['30min', 1800, '30m'],
    ['1D', 86_400, '1d'],
    ['0.2s', 1, '1s'],
  ])('reads the duration %s', (text, seconds, written) => {
    expect(canonical(duration, text)).toEqual([seconds, written]);
  });

  it.each([
    ['16GiB', 16, '16GiB'],
    ['16g', 16, '16GiB'],
    ['16gb', 16, '16GiB'],
    ['1.5G', 1.5, '1536MiB'],
    ['512MiB', 0.5, '512MiB'],
    ['1t', 1024, '1TiB'],
    ['0.0001g', 1 / 1024, '1MiB'],
  ])('reads the size %s', (text, gibibytes, written) => {
    expect(canonical(size, text)).toEqual([gibibytes, written]);
  });

  it.each([
    ['40usd', 40_000_000, '40usd'],
    ['$40', 40_000_000, '40usd'],
    ['40$', 40_000_000, '40usd'],
    ['40', 40_000_000, '40usd'],
    ['0.40', 400_000, '0.40usd'],
    ['0.4', 400_000, '0.40usd'],
    ['0.0425', 42_500, '0.0425usd'],
    ['1.000001USD', 1_000_001, '1.000001usd'],
  ])('reads the money %s exactly', (text, micros, written) => {
    expect(canonical(money, text)).toEqual([micros, written]);
  });

  it('reads every whole percentage exactly', () => {
    for (let share = 1; share <= 100; share += 1) {
      expect(canonical(percent, `${share}%`)).toEqual([share / 100, `${share}%`]);
    }
  });

  it('reads a fraction as a percentage, but not the 1 that could be either', () => {
    expect(canonical(percent, '0.9')).toEqual([0.9, '90%']);
    expect(canonical(percent, '.05')).toEqual([0.05, '5%']);
    expect(canonical(percent, '1.0')).toEqual([1, '100%']);
    expect(percent.parse('1').ok).toBe(false);
  });

  it.each([
    [duration, '99999999999999999999d'],
    [size, '99999999999999999999g'],
    [money, '9999999999999'],
    [money, '0.0000001'],
    [money, '40eur'],
    [duration, '1h 30m'],
    [duration, 'h'],
    [percent, '90.5%'],
    [percent, '0%'],
    [percent, '0.0'],
  ])('refuses what it cannot hold or does not know (%#)', (notation, text) => {
    expect(notation.parse(text)).toMatchObject({ ok: false });
  });
});
