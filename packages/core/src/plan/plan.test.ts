import { describe, expect, it } from 'vitest';
import { specOf } from '../spec/from-request.ts';
import { LIMITS } from '../spec/limits.ts';
import type { ClusterSpec } from '../spec/spec.ts';
import { type Offer, poolOf } from './offer.ts';
import { available, MOST_POOLS, plan } from './plan.ts';
import { whyNot } from './why-not.ts';

const defaults = { name: 'etl', limits: LIMITS, defaultRegion: 'r1', environment: { kind: 'managed' } } as const;

function spec(wish: Partial<ClusterSpec> = {}): ClusterSpec {
  return { ...specOf({ workers: { min: 10, max: 10 } }, defaults), ...wish };
}

function offer(type: string, changes: Partial<Offer> = {}): Offer {
  return {
    provider: 'aws',
    region: 'r1',
    zone: 'r1a',
    type,
    market: 'on-demand',
    architecture: 'x86_64',
    vcpus: 2,
    memoryGiB: 8,
    gpus: 0,
    gpuKind: null,
    ssdGiB: 0,
    byNameOnly: null,
    microsPerHour: 100_000,
    minimumSeconds: 60,
    ...changes,
  };
}

const spot = (type: string, microsPerHour: number, changes: Partial<Offer> = {}) =>
  offer(type, { market: 'spot', microsPerHour, ...changes });
const pools = (offers: readonly Offer[]) => offers.map(poolOf);
const nothingKnown = () => false;

describe('a plan', () => {
  it('has spot before on-demand, each cheapest first, and leaves out spot dearer than the cheapest on-demand', () => {
    const offers = [
      offer('m1.large'),
      offer('m2.large', { microsPerHour: 90_000 }),
      spot('m1.large', 40_000),
      spot('m2.large', 95_000),
    ];
    const { sites, rejected } = plan(spec({ market: 'spot' }), offers);
    expect(sites.map(({ workers }) => pools(workers))).toEqual([
      ['spot/m1.large/r1a', 'on-demand/m2.large/r1a', 'on-demand/m1.large/r1a'],
    ]);
    expect(rejected).toEqual([{ reason: 'spot dearer than on-demand', offers: 1 }]);
  });

  it('is of the cheapest zone of each region, the cheapest region first', () => {
    const offers = ['r1', 'r2'].flatMap((region, i) =>
      ['a', 'b'].flatMap((zone, j) => [
        offer('m1.large', { region, zone: region + zone }),
        spot('m1.large', 50_000 - 10_000 * i - 5_000 * j, { region, zone: region + zone }),
      ]),
    );
    const { sites } = plan(spec({ market: 'spot', regions: ['r1', 'r2'] }), offers);
    expect(sites.map(({ zone, microsPerHour }) => [zone, microsPerHour])).toEqual([
      ['r2b', 100_000 + 10 * 35_000],
      ['r1b', 100_000 + 10 * 45_000],
    ]);
    expect(sites[0]?.workers[0]?.zone).toBe('r2b');
  });

  it('prefers the zone with more pools where it costs hardly more', () => {
    const roomy = ['m1.large', 'm2.large'].map((type) => spot(type, 41_000, { zone: 'r1b' }));
    const offers = [offer('m1.large'), offer('m1.large', { zone: 'r1b' }), spot('m1.large', 40_000), ...roomy];
    expect(plan(spec({ market: 'spot' }), offers).sites[0]?.zone).toBe('r1b');
    const dear = roomy.map((one) => ({ ...one, microsPerHour: 44_000 }));
    expect(plan(spec({ market: 'spot' }), [...offers.slice(0, 3), ...dear]).sites[0]?.zone).toBe('r1a');
  });

  it('takes a whole family by its name, and nothing that only begins like it', () => {
    const offers = ['g5.large', 'g5.metal', 'g5g.large', 'm5.large', 'n2-standard-4'].map((type) => offer(type));
    const typesOf = (types: readonly string[]) =>
      plan(spec({ types }), offers).sites.flatMap(({ workers }) => workers.map(({ type }) => type));
    expect(typesOf(['g5'])).toEqual(['g5.large', 'g5.metal']);
    expect(typesOf(['m5.large', 'n2'])).toEqual(['m5.large', 'n2-standard-4']);
  });

  it('gives special types and GPUs only to those who asked', () => {
    const offers = [
      offer('m1.large'),
      offer('t3.large', { microsPerHour: 1_000, byNameOnly: 'burstable' }),
      offer('g5.large', { microsPerHour: 2_000, gpus: 1, gpuKind: 'a10g' }),
      offer('p4.large', { gpus: 8, gpuKind: 'a100' }),
    ];
    const firstOf = (wish: Partial<ClusterSpec>) => plan(spec(wish), offers).sites[0]?.workers[0]?.type;
    expect(firstOf({})).toBe('m1.large');
    expect(firstOf({ types: ['t3'] })).toBe('t3.large');
    expect(firstOf({ types: ['g5'] })).toBe('g5.large');
    expect(firstOf({ gpu: { count: 1, kind: null } })).toBe('g5.large');
    expect(firstOf({ gpu: { count: 2, kind: null } })).toBe('p4.large');
    expect(firstOf({ gpu: { count: 1, kind: 'a100' } })).toBe('p4.large');
  });

  it('gives small types only to those who name one, or ask for so little of what it has little of', () => {
    const small = { byNameOnly: 'small' };
    const offers = [
      offer('c1.medium', { microsPerHour: 1_000, vcpus: 1, memoryGiB: 2, ...small }),
      offer('m1.medium', { microsPerHour: 2_000, vcpus: 1, memoryGiB: 4, ...small }),
      offer('x1.medium', { microsPerHour: 3_000, vcpus: 1, memoryGiB: 16, ...small }),
      offer('c1.large', { microsPerHour: 4_000, vcpus: 2, memoryGiB: 3, ...small }),
      offer('m1.large', { microsPerHour: 5_000 }),
      offer('r1.large', { microsPerHour: 6_000, memoryGiB: 16 }),
    ];
    const firstOf = (wish: Partial<ClusterSpec>) => plan(spec(wish), offers).sites[0]?.workers[0]?.type;
    expect(firstOf({})).toBe('m1.large');
    expect(firstOf({ cpu: 2 })).toBe('m1.large');
    expect(firstOf({ cpu: 1 })).toBe('m1.medium');
    expect(firstOf({ memoryGiB: 2 })).toBe('c1.large');
    expect(firstOf({ memoryGiB: 16 })).toBe('r1.large');
    expect(firstOf({ cpu: 1, memoryGiB: 1 })).toBe('c1.medium');
    expect(firstOf({ types: ['c1'] })).toBe('c1.medium');
    expect(plan(spec(), offers).rejected[0]?.reason).toMatch(/^small: .*cpu=1, memory=2GiB/);
    // A scheduler of few workers has enough to do with one vCPU.
    expect(plan(spec(), offers).sites[0]?.scheduler[0]?.type).toBe('m1.medium');
  });

  it('puts the scheduler on a machine with room for its workers', () => {
    const offers = [
      offer('tiny.nano', { microsPerHour: 1_000, memoryGiB: 1, vcpus: 1 }),
      offer('m1.large'),
      offer('m1.xlarge', { microsPerHour: 200_000, memoryGiB: 16, vcpus: 4 }),
    ];
    const scheduler = (max: number, from = offers) =>
      plan(spec({ workers: { min: 1, max } }), from).sites[0]?.scheduler[0]?.type;
    expect(scheduler(50)).toBe('m1.large');
    expect(scheduler(1000)).toBe('m1.xlarge');
    expect(scheduler(1000, offers.slice(0, 2))).toBe('tiny.nano');
  });

  it('puts the scheduler on the types that were named for it, special ones too, in a zone that has workers', () => {
    const offers = [
      offer('m1.large'),
      offer('t3.medium', { zone: 'r1b', byNameOnly: 'burstable' }),
      offer('m1.large', { zone: 'r1b', microsPerHour: 110_000 }),
      offer('m2.large', { zone: 'r1c' }),
    ];
    const [site] = plan(spec({ types: ['m1'], schedulerTypes: ['t3', 'm2.large'] }), offers).sites;
    expect(site?.zone).toBe('r1b');
    expect(pools(site?.scheduler ?? [])).toEqual(['on-demand/t3.medium/r1b']);
    expect(pools(site?.workers ?? [])[0]).toBe('on-demand/m1.large/r1b');
  });

  it('lists no more pools of a market than a launch may draw from, and the cheapest of them', () => {
    const offers = Array.from({ length: 500 }, (_, i) =>
      offer(`m${i}.large`, { microsPerHour: 1 + ((i * 7919) % 500) }),
    );
    const prices = plan(spec(), offers).sites[0]?.workers.map(({ microsPerHour }) => microsPerHour);
    expect(prices).toEqual(Array.from({ length: MOST_POOLS }, (_, i) => i + 1));
  });
});

describe('what a launch may draw from', () => {
  const zones = ['r1a', 'r1b'];
  const offers = zones.flatMap((zone, i) => [
    offer('m1.large', { zone }),
    spot('m1.large', 40_000 + i, { zone }),
    spot('m2.large', 50_000 + i, { zone }),
  ]);
  const asked = spec({ market: 'spot' });
  const home = { region: 'r1', zone: 'r1b' };

  it('is one zone of one market: home, then the next zone, then on-demand at home', () => {
    const empty: string[] = [];
    const next = () =>
      pools(available(asked, home, 'worker', offers, (one) => empty.includes(`${one.market}/${one.zone}`)));
    expect(next()).toEqual(['spot/m1.large/r1b', 'spot/m2.large/r1b']);
    empty.push('spot/r1b');
    expect(next()).toEqual(['spot/m1.large/r1a', 'spot/m2.large/r1a']);
    empty.push('spot/r1a');
    expect(next()).toEqual(['on-demand/m1.large/r1b']);
    empty.push('on-demand/r1b', 'on-demand/r1a');
    expect(next()).toEqual([]);
  });

  it('is nothing behind the cheapest of a zone, however much of that there is: the next zone comes first, then no launch', () => {
    const many = zones.flatMap((zone) =>
      Array.from({ length: 500 }, (_, i) => offer(`m${i}.large`, { zone, microsPerHour: 1_000 * (i + 1) })),
    );
    const cheapest = ({ zone, microsPerHour }: Offer, of: string) => zone === of && microsPerHour <= 1_000 * MOST_POOLS;
    const zonesOf = (unavailable: (offer: Offer) => boolean) => [
      ...new Set(available(spec(), home, 'worker', many, unavailable).map(({ zone }) => zone)),
    ];
    expect(zonesOf((one) => cheapest(one, 'r1b'))).toEqual(['r1a']);
    expect(zonesOf((one) => cheapest(one, 'r1b') || cheapest(one, 'r1a'))).toEqual([]);
    expect(plan(spec(), many, (one) => cheapest(one, 'r1b') || cheapest(one, 'r1a')).sites).toEqual([]);
  });

  it('is all zones where any will do', () => {
    const any = available({ ...asked, zones: 'any' }, home, 'worker', offers, nothingKnown);
    expect(pools(any)).toEqual(
      ['m1.large/r1a', 'm1.large/r1b', 'm2.large/r1a', 'm2.large/r1b'].map((p) => `spot/${p}`),
    );
  });

  it('is for a scheduler its own zone alone', () => {
    expect(pools(available(asked, home, 'scheduler', offers, nothingKnown))).toEqual(['on-demand/m1.large/r1b']);
    expect(available(asked, home, 'scheduler', offers, ({ zone }) => zone === 'r1b')).toEqual([]);
  });
});

describe('why nothing fits', () => {
  const offers = [
    offer('m7g.large', { architecture: 'arm64' }),
    offer('g5.xlarge', { gpus: 1, gpuKind: 'a10g', microsPerHour: 1_006_000 }),
    spot('m7g.large', 30_000, { architecture: 'arm64' }),
  ];
  it.each<[Partial<ClusterSpec>, string]>([
    [{ types: ['g5.xlrge'] }, 'r1 has no instance type g5.xlrge; did you mean g5.xlarge?'],
    [{ types: ['m7g.large', 'm7'] }, 'r1 has no instance type m7; did you mean m7g?'],
    [{ types: ['q'], regions: ['r1', 'r2'] }, 'r1 and r2 have no instance type q'],
    [
      { types: ['g5.xlarge'], architecture: 'arm64' },
      'g5.xlarge is x86_64, not arm64: leave out arm, or ask for another type',
    ],
    [{ types: ['m7g'], architecture: 'x86_64' }, 'm7g is arm64, not x86_64: leave out x86, or ask for another type'],
    [{ gpu: { count: 1, kind: 'a10' } }, 'r1 has no a10 GPU; there is: a10g'],
    [{ gpu: { count: 1, kind: 'h200' } }, 'r1 has no h200 GPU; there is: a10g'],
    [
      { maxPriceMicros: 10_000, market: 'spot' },
      'max-price=$0.0100 is under the market: the cheapest that fits is m7g.large spot in r1a at $0.0300/h',
    ],
    [{ schedulerTypes: ['m7g.lrge'] }, 'r1 has no instance type m7g.lrge; did you mean m7g.large?'],
    [
      { schedulerTypes: ['g5'], architecture: 'arm64' },
      'g5 is x86_64, not arm64: leave out arm, or ask for another type',
    ],
    [
      { cpu: 64 },
      'No instance type fits (2 offers: fewer than 64 vCPUs; 1 offers: has a GPU that was not asked for). Ask for less, or look with: plan 1',
    ],
  ])('%j', (wish, message) => {
    expect(whyNot(spec(wish), offers, plan(spec(wish), offers))).toBe(message);
  });

  it('is said of a scheduler that nowhere could be beside its workers', () => {
    const wish = spec({ schedulerTypes: ['t3'] });
    const all = [offer('m1.large'), offer('t3.small', { zone: 'r1b', byNameOnly: 'burstable' })];
    expect(whyNot(wish, all, plan(wish, all))).toBe(
      'scheduler=t3 is not sold on demand where the workers can be (r1): name another type, or leave it out',
    );
  });

  it('is not asked of a plan that stands', () => {
    const stands = spec({ types: ['g5'], maxPriceMicros: 2_000_000 });
    expect(whyNot(stands, offers, plan(stands, [...offers, offer('m5.large')]))).toBe(null);
  });
});
