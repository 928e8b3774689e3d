import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { isTooWide, rangeOf } from './range.ts';

test.each([
  ['203.0.113.7', '203.0.113.7/32'],
  ['203.0.113.7/24', '203.0.113.0/24'],
  ['203.0.113.200/25', '203.0.113.128/25'],
  ['10.9.8.7/8', '10.0.0.0/8'],
  ['10.9.8.7/13', '10.8.0.0/13'],
  ['255.255.255.255/32', '255.255.255.255/32'],
  ['1.2.3.4/0', '0.0.0.0/0'],
])('%s is %s', (text, range) => {
  expect(rangeOf(text)).toBe(range);
});

test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4/33', '1.2.3.4/', 'etl', '::1', '1.2.3.4.5', ' 1.2.3.4'])(
  '%j is none',
  (text) => {
    expect(rangeOf(text)).toBeNull();
  },
);

test.prop([fc.ipV4(), fc.integer({ min: 0, max: 32 })])('what is canonical stays as it is', (address, bits) => {
  const range = rangeOf(`${address}/${bits}`);
  expect(rangeOf(range ?? '')).toBe(range);
  expect(range?.endsWith(`/${bits}`)).toBe(true);
});

test('more than a /8 is too wide', () => {
  expect(['0.0.0.0/0', '0.0.0.0/7', '10.0.0.0/8', '203.0.113.7/32'].map(isTooWide)).toEqual([true, true, false, false]);
});
