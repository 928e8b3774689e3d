import type { Offer } from '@daskup/core/plan/offer';
import { plan } from '@daskup/core/plan/plan';
import { specOf } from '@daskup/core/spec/from-request';
import { LIMITS } from '@daskup/core/spec/limits';
import type { ClusterSpec } from '@daskup/core/spec/spec';
import { OFFERS } from './fleet.ts';

/** A plan is for a person who waits, and for a reconciler with many clusters; milliseconds. */
const LIMIT_MS = 10;
const RUNS = 200;

const regions = ['region-1', 'region-2', 'region-3'];
const offers: readonly Offer[] = regions.flatMap((region, i) =>
  OFFERS.map((offer) => ({
    ...offer,
    region,
    zone: region + offer.zone.at(-1),
    microsPerHour: offer.microsPerHour + 1_000 * i,
  })),
);

const defaults = {
  name: 'bench',
  limits: LIMITS,
  defaultRegion: 'region-1',
  environment: { kind: 'managed' },
} as const;
const spec = (wish: Partial<ClusterSpec>): ClusterSpec => ({
  ...specOf({ workers: { min: 100, max: 100 }, regions }, defaults),
  ...wish,
});
const FORTY = Array.from({ length: 40 }, (_, i) => (i % 2 ? `f${i}` : (OFFERS[i * 180]?.type ?? '')));
const SPECS: Readonly<Record<string, ClusterSpec>> = {
  anything: spec({}),
  'anything on spot': spec({ market: 'spot' }),
  'anything on spot in any zone': spec({ market: 'spot', zones: 'any' }),
  '4 vCPUs on spot': spec({ market: 'spot', cpu: 4 }),
  'ARM, 16 GiB and an SSD': spec({ architecture: 'arm64', memoryGiB: 16, ssd: true }),
  'a T4': spec({ market: 'spot', gpu: { count: 1, kind: 't4' } }),
  'any GPU in any zone': spec({ market: 'spot', zones: 'any', gpu: { count: 1, kind: null } }),
  'one type': spec({ market: 'spot', types: [OFFERS[600]?.type ?? ''] }),
  'forty types and families': spec({ market: 'spot', zones: 'any', types: FORTY }),
  'two families': spec({ market: 'spot', types: ['f7', 'f12'] }),
  'a price under the market': spec({ market: 'spot', maxPriceMicros: 1 }),
};

console.log(`a plan over ${offers.length} offers in ${regions.length} regions`);
let slowest = 0;
// The first runs compile.
for (const wanted of Object.values(SPECS)) for (let i = 0; i < 20; i++) plan(wanted, offers);
for (const [name, wanted] of Object.entries(SPECS)) {
  const took: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    plan(wanted, offers);
    took.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1000 / RUNS;
  took.sort((a, b) => a - b);
  const median = took[RUNS / 2] ?? 0;
  slowest = Math.max(slowest, cpu);
  console.log(`${name}: ${cpu.toFixed(1)} ms of processor, ${median.toFixed(1)} ms (median of ${RUNS})`);
}
if (slowest > LIMIT_MS) throw new Error(`a plan takes ${slowest.toFixed(1)} ms, over ${LIMIT_MS} ms`);
