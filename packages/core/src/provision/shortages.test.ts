import { expect, test } from 'vitest';
import type { Offer } from '../plan/offer.ts';
import { Shortages } from './shortages.ts';

const MINUTE_MS = 60_000;
const offer = (market: 'spot' | 'on-demand', type = 'm', region = 'here'): Offer => ({
  provider: 'cloud',
  region,
  zone: `${region}-a`,
  type,
  market,
  architecture: 'x86_64',
  vcpus: 1,
  memoryGiB: 1,
  gpus: 0,
  gpuKind: null,
  ssdGiB: 0,
  byNameOnly: null,
  microsPerHour: 1,
  minimumSeconds: 0,
});

test('an empty pool is put off for three minutes, and no other', () => {
  const shortages = new Shortages();
  shortages.note([{ kind: 'capacity', pool: 'spot/m/here-a', message: '' }], 0);
  const soon = shortages.at(3 * MINUTE_MS - 1);
  expect([offer('spot'), offer('spot', 'n'), offer('on-demand')].map(soon)).toEqual([true, false, false]);
  expect(shortages.at(3 * MINUTE_MS)(offer('spot'))).toBe(false);
});

test('a quota puts off all of its market in its region, and nothing else', () => {
  const shortages = new Shortages();
  shortages.note([{ kind: 'quota', market: 'spot', region: 'here', message: '' }], 0);
  const offers = [offer('spot'), offer('spot', 'n'), offer('on-demand'), offer('spot', 'm', 'there')];
  expect(offers.map(shortages.at(1))).toEqual([true, true, false, false]);
});

test('a throttled call has learnt nothing', () => {
  const shortages = new Shortages();
  shortages.note([{ kind: 'throttled', pool: 'spot/m/here-a', retryMs: 1_000, message: '' }], 0);
  expect(shortages.at(1)(offer('spot'))).toBe(false);
});
