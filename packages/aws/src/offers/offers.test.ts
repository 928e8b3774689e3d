import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2 } from '@aws-sdk/client-ec2';
import { Pricing } from '@aws-sdk/client-pricing';
import type { Offer } from '@daskup/core/plan/offer';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeTypes } from './instance-type.ts';
import { knownTypes } from './known-types.ts';
import { Offers } from './offers.ts';

const REGION = 'eu-west-2';
const MINUTE = 60_000;
const DAY = 86_400_000;
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

let cloud: Ec2;
let folder: string;
let now = Date.now();

// The first start on a computer installs moto.
beforeAll(async () => {
  cloud = await startEc2();
}, 600_000);
afterAll(() => cloud.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daskup-offers-'));
  now = Date.now();
});
afterEach(() => rmSync(folder, { recursive: true }));

const settings = (endpoint: string) => ({
  endpoint,
  credentials: { accessKeyId: cloud.env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: 'emulator' },
  maxAttempts: 1,
});
const ec2 = (region = REGION, endpoint = cloud.endpoint) => new EC2({ region, ...settings(endpoint) });

/** What a process of its own would know. */
function offersOf(endpoint = cloud.endpoint): Offers {
  return new Offers({
    folder,
    ec2: async (region) => ec2(region, endpoint),
    pricing: async () => new Pricing({ region: 'us-east-1', ...settings(endpoint) }),
    now: () => now,
  });
}

/** How often each of EC2's calls came in this region while something was done; those of the price list too. */
async function callsOf(work: () => Promise<unknown>, region = REGION): Promise<Record<string, number>> {
  const count = async () => {
    const all = (await (await fetch(`${cloud.endpoint}/_emulator/calls`)).json()) as Record<
      string,
      Record<string, number>
    >;
    return { ...all[region], prices: all['us-east-1']?.['pricing:GetProducts'] ?? 0 };
  };
  const before: Record<string, number> = await count();
  await work();
  const more = Object.entries(await count()).map(([call, times]) => [call, times - (before[call] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, times]) => times > 0));
}

const one = (offers: readonly Offer[], type: string, market: Offer['market'], zone = `${REGION}a`) =>
  offers.find((offer) => offer.type === type && offer.market === market && offer.zone === zone);

test('offers are what EC2 sells in each zone on each market, at its prices', async () => {
  const offers = await offersOf().of([REGION]);
  expect(one(offers, 'm7g.large', 'on-demand')).toMatchObject({
    provider: 'aws',
    region: REGION,
    architecture: 'arm64',
    vcpus: 2,
    memoryGiB: 8,
    gpus: 0,
    gpuKind: null,
    ssdGiB: 0,
    byNameOnly: null,
    minimumSeconds: 60,
  });
  expect(one(offers, 'g5.12xlarge', 'spot')).toMatchObject({ gpus: 4, gpuKind: 'a10g', ssdGiB: 3539 });
  expect(one(offers, 't3.micro', 'spot')?.byNameOnly).toBe('burstable');
  expect(one(offers, 'm5.metal', 'spot')?.byNameOnly).toBe('bare metal');
  // It has no spot price that would tell where it is sold.
  expect(one(offers, 't2.nano', 'on-demand')).toBeDefined();
  expect(offers.filter(({ type }) => type.startsWith('mac'))).toEqual([]);

  const { SpotPriceHistory = [] } = await ec2().describeSpotPriceHistory({
    InstanceTypes: ['m7g.large'],
    ProductDescriptions: ['Linux/UNIX'],
    StartTime: new Date(),
  });
  expect(SpotPriceHistory.length).toBeGreaterThan(1);
  for (const { AvailabilityZone, SpotPrice } of SpotPriceHistory) {
    const spot = one(offers, 'm7g.large', 'spot', AvailabilityZone);
    expect(spot?.microsPerHour).toBe(Math.round(Number(SpotPrice) * 1e6));
    expect(one(offers, 'm7g.large', 'on-demand', AvailabilityZone)?.microsPerHour).toBeGreaterThan(
      spot?.microsPerHour ?? 0,
    );
  }
  const pools = new Set(offers.map(({ market, type, zone }) => `${market}/${type}/${zone}`));
  expect(pools.size).toBe(offers.length);
  for (const { vcpus, memoryGiB, microsPerHour } of offers) {
    expect(vcpus > 0 && memoryGiB > 0 && Number.isSafeInteger(microsPerHour) && microsPerHour > 0).toBe(true);
  }
});

test('several regions are asked side by side, and each has its own', async () => {
  const offers = await offersOf().of(['us-west-1', REGION]);
  expect(new Set(offers.map(({ region }) => region))).toEqual(new Set(['us-west-1', REGION]));
  for (const { region, zone } of offers) expect(zone.startsWith(region)).toBe(true);
  expect(await offersOf().of([])).toEqual([]);
});

describe('with nothing kept', () => {
  test('a region takes four calls of EC2, and none of them describes types', async () => {
    const calls = await callsOf(() => offersOf().of([REGION]));
    expect(calls).toEqual({ DescribeSpotPriceHistory: 3, DescribeInstanceTypeOfferings: 1, prices: 9 });
  });

  test('those who ask at the same time share the answer', async () => {
    const offers = offersOf();
    const calls = await callsOf(() => Promise.all([offers.of([REGION]), offers.of([REGION]), offers.ages([REGION])]));
    expect(calls.DescribeSpotPriceHistory).toBe(3);
  });

  test('it fails where nobody answers, and asks again the next time', async () => {
    await expect(offersOf(NOWHERE).of([REGION])).rejects.toThrow(/ECONNREFUSED/);
    expect((await offersOf().of([REGION])).length).toBeGreaterThan(1000);
  });
});

describe('what was read', () => {
  test('is kept for the next process, in files of its owner alone', async () => {
    const first = await offersOf().of([REGION]);
    const calls = await callsOf(async () => expect(await offersOf().of([REGION])).toEqual(first));
    expect(calls).toEqual({});
    const files = readdirSync(folder);
    expect(files.toSorted()).toEqual([`on-demand-${REGION}.json`, `spot-${REGION}.json`, `types-${REGION}.json`]);
    for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  test('is read anew where its file is damaged', async () => {
    const first = await offersOf().of([REGION]);
    writeFileSync(
      join(folder, `spot-${REGION}.json`),
      readFileSync(join(folder, `spot-${REGION}.json`), 'utf8').slice(0, 999),
    );
    expect((await callsOf(() => offersOf().of([REGION]))).DescribeSpotPriceHistory).toBe(3);
    expect((await offersOf().of([REGION])).length).toBe(first.length);
  });

  test('is given at once when it is a little old, and read anew behind that', async () => {
    await offersOf().of([REGION]);
    now += 30 * MINUTE;
    const offers = offersOf();
    const ages = await offers.ages([REGION]);
    expect(ages.map(({ readAt }) => now - readAt)).toEqual([30 * MINUTE, 30 * MINUTE]);
    await expect
      .poll(async () => (await offers.ages([REGION])).map(({ readAt }) => now - readAt), { timeout: 60_000 })
      .toEqual([0, 30 * MINUTE]);
  });

  test('is waited for when it is too old, and a day later the price list is asked too', async () => {
    await offersOf().of([REGION]);
    now += 3 * 60 * MINUTE;
    expect(await callsOf(() => offersOf().of([REGION]))).toEqual({ DescribeSpotPriceHistory: 3 });
    now += 8 * DAY;
    expect(await callsOf(() => offersOf().of([REGION]))).toMatchObject({ DescribeSpotPriceHistory: 3, prices: 9 });
  });

  test('stands, however old, while AWS cannot be asked; its age and why are told', async () => {
    const first = await offersOf().of([REGION]);
    now += 30 * DAY;
    const cutOff = offersOf(NOWHERE);
    expect(await cutOff.of([REGION])).toEqual(first);
    for (const { readAt, problem } of await cutOff.ages([REGION])) {
      expect(now - readAt).toBe(30 * DAY);
      expect(problem).toContain('ECONNREFUSED');
    }
  });
});

describe('the types that come with daskup', () => {
  test('are as EC2 describes them', async () => {
    const known = knownTypes();
    const described = await describeTypes(ec2());
    expect(described.length).toBeGreaterThan(800);
    for (const type of described) expect(known.get(type.type)).toEqual(type);
  });

  test('others are asked for by name, and a name that EC2 does not know does no harm', async () => {
    const names = Array.from({ length: 250 }, (_, i) => `none.${i}`);
    const described = await describeTypes(ec2(), [...names, 'm5.large', 'g5.xlarge']);
    expect(described.map(({ type }) => type).toSorted()).toEqual(['g5.xlarge', 'm5.large']);
  });
});

test('the SDK is loaded when AWS is first asked, not before', () => {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith('@aws-sdk')) throw new Error('loads ' + name);
      return next(name, context);
    } });
    await import(${JSON.stringify(new URL('offers.ts', import.meta.url).href)});`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
});
