import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { localOffers, machineLimit } from './offers.ts';

const GIB = 2 ** 30;

test('a computer of 6 cores and 16 GiB offers 1, 2 and 4 of them with their share of the memory, spot at 30 %', () => {
  const offers = localOffers(6, 16 * GIB);
  const table = offers.map(({ type, market, vcpus, memoryGiB, microsPerHour }) => [
    type,
    market,
    vcpus,
    memoryGiB,
    microsPerHour,
  ]);
  expect(table).toEqual([
    ['local.1', 'on-demand', 1, 2.6, 53_000],
    ['local.1', 'spot', 1, 2.6, 15_900],
    ['local.2', 'on-demand', 2, 5.3, 106_500],
    ['local.2', 'spot', 2, 5.3, 31_950],
    ['local.4', 'on-demand', 4, 10.6, 213_000],
    ['local.4', 'spot', 4, 10.6, 63_900],
  ]);
});

test.prop([fc.integer({ min: 1, max: 512 }), fc.integer({ min: GIB / 4, max: 4096 * GIB })])(
  'no type has more than the computer, one core is always to be had, and spot is cheaper',
  (cores, memory) => {
    const offers = localOffers(cores, memory);
    expect(offers[0]?.vcpus).toBe(1);
    for (const offer of offers) {
      expect(offer.vcpus).toBeLessThanOrEqual(cores);
      expect(offer.memoryGiB).toBeLessThanOrEqual(Math.max(0.1, memory / GIB));
      expect(offer.memoryGiB).toBeGreaterThan(0);
      const twin = offers.find(({ type, market }) => type === offer.type && market !== offer.market);
      expect(offer.microsPerHour < (twin?.microsPerHour ?? 0) === (offer.market === 'spot')).toBe(true);
    }
  },
);

test('there is room for four machines a GiB, and never for more than 200', () => {
  expect(machineLimit(8 * GIB)).toBe(32);
  expect(machineLimit(1024 * GIB)).toBe(200);
});
