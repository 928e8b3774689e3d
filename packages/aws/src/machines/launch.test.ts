import type { CreateFleetError, CreateFleetInstance } from '@aws-sdk/client-ec2';
import { type LaunchBatch, ProviderError } from '@daskup/core/provision/provider';
import { expect, test } from 'vitest';
import { UBUNTU } from '../images/images.ts';
import { NOTHING_OWN } from '../own.ts';
import { offer } from '../testing/offer.ts';
import { poolsOf, resultOf } from './launch.ts';

const subnets = ['a', 'b'].map((letter, i) => ({
  id: `subnet-${letter}`,
  zone: `eu-west-2${letter}`,
  cidr: `172.31.${i * 16}.0/20`,
}));
const network = { subnets, groupId: 'sg-1', ownGroupIds: [] };
const own = { isPublic: false, own: NOTHING_OWN };
const site = {
  network,
  ...own,
  userData: Buffer.alloc(0),
  image: UBUNTU,
  isBaked: false,
  templates: new Set<string>(),
  now: 7,
};
const offers = [offer(), offer({ type: 'm7g.large' }), offer({ zone: 'eu-west-2b' })];
const batch = { count: 3, market: 'spot', offers, userTags: [], tags: { clusterId: 'c1' } } as unknown as LaunchBatch;

const got = (type: string, SubnetId: string, ...InstanceIds: string[]): CreateFleetInstance => ({
  InstanceIds,
  InstanceType: type as never,
  LaunchTemplateAndOverrides: { Overrides: { SubnetId } },
});
const error = (ErrorCode: string, InstanceType = 'c7g.large', SubnetId = 'subnet-a'): CreateFleetError => ({
  ErrorCode,
  ErrorMessage: 'so it is',
  LaunchTemplateAndOverrides: { Overrides: { InstanceType: InstanceType as never, SubnetId } },
});
const result = (Instances: CreateFleetInstance[], Errors: CreateFleetError[] = []) =>
  resultOf({ Instances, Errors }, batch, offers, site);

test('machines are what EC2 chose, of the offers asked for', () => {
  const { machines, shortages } = result([
    got('m7g.large', 'subnet-a', 'i-1', 'i-2'),
    got('c7g.large', 'subnet-b', 'i-3'),
  ]);
  expect(machines.map(({ id, offer: { type, zone } }) => [id, type, zone])).toEqual([
    ['i-1', 'm7g.large', 'eu-west-2a'],
    ['i-2', 'm7g.large', 'eu-west-2a'],
    ['i-3', 'c7g.large', 'eu-west-2b'],
  ]);
  expect(machines[0]).toMatchObject({ state: 'pending', launchedAt: 7, runningAt: null });
  expect(shortages).toEqual([]);
});

test('what was got is kept; of each pool that gave nothing it is told once', () => {
  const errors = [error('InsufficientInstanceCapacity'), error('InsufficientInstanceCapacity')];
  const { machines, shortages } = result([got('m7g.large', 'subnet-a', 'i-1')], errors);
  expect(machines).toHaveLength(1);
  expect(shortages.map((one) => one.kind === 'capacity' && one.pool)).toEqual(['spot/c7g.large/eu-west-2a']);
});

test('pools that had no room are no news when others had', () => {
  const all = got('m7g.large', 'subnet-a', 'i-1', 'i-2', 'i-3');
  expect(result([all], [error('InsufficientInstanceCapacity')]).shortages).toEqual([]);
});

test('a throttle inside a partial success is no shortage of capacity', () => {
  const { shortages } = result([got('m7g.large', 'subnet-a', 'i-1')], [error('RequestLimitExceeded')]);
  expect(shortages.map(({ kind }) => kind)).toEqual(['throttled']);
  expect(shortages).toMatchObject([{ message: expect.stringContaining('2 more take about 1s'), retryMs: 1_000 }]);
});

test('of many that are throttled, the rest is asked for by the dozens', () => {
  const many = { ...batch, count: 501 };
  const made = { Instances: [got('m7g.large', 'subnet-a', 'i-1')], Errors: [error('RequestLimitExceeded')] };
  const { shortages } = resultOf(made, many, offers, site);
  expect(shortages).toMatchObject([{ message: expect.stringContaining('500 more take about 4m10s'), retryMs: 30_000 }]);
});

test('a quota is told once, for all pools', () => {
  const errors = [error('MaxSpotInstanceCountExceeded'), error('MaxSpotInstanceCountExceeded', 'm7g.large')];
  expect(result([], errors).shortages.map(({ kind }) => kind)).toEqual(['quota']);
});

test('a pool with something of its own wrong is left aside while others give', () => {
  const errors = [error('InvalidParameterValue'), error('InsufficientInstanceCapacity', 'm7g.large')];
  expect(result([], errors).shortages.map(({ kind }) => kind)).toEqual(['capacity', 'capacity']);
});

test('what is wrong with all pools is for a person', () => {
  const errors = [error('InvalidParameterValue'), error('InvalidParameterValue', 'm7g.large')];
  expect(() => result([], errors)).toThrow(ProviderError);
});

test('fewer machines and no word why: asked for again later, not at once', () => {
  expect(result([got('m7g.large', 'subnet-a', 'i-1')]).shortages).toMatchObject([{ kind: 'throttled' }]);
});

test('a fleet has 60 pools at most', () => {
  const many = Array.from({ length: 100 }, (_, i) => offer({ type: `c${i}.large` }));
  expect(poolsOf(many, network)).toEqual(many.slice(0, 60));
});

test('where no subnet is, no machine can be', () => {
  expect(() => poolsOf([offer({ zone: 'eu-west-2c' })], network)).toThrow(/no subnet.*eu-west-2c/);
});
