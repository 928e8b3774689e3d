import { expect, it } from 'vitest';
import { specOf } from './from-request.ts';
import { LIMITS } from './limits.ts';

const defaults = {
  name: 'bright-otter',
  limits: LIMITS,
  defaultRegion: 'local',
  environment: { kind: 'managed' },
} as const;

it('a bare request gets every default', () => {
  expect(specOf({ workers: { min: 4, max: 4 } }, defaults)).toEqual({
    name: 'bright-otter',
    workers: { min: 4, max: 4 },
    market: 'on-demand',
    regions: ['local'],
    architecture: null,
    cpu: 0,
    memoryGiB: 0,
    gpu: null,
    ssd: false,
    zones: 'one',
    types: [],
    schedulerTypes: [],
    diskGiB: 20,
    tags: [],
    maxPriceMicros: null,
    budgetMicros: null,
    ttlSeconds: 14_400,
    idleSeconds: 1200,
    awaySeconds: 120,
    quorum: 0.9,
    environment: { kind: 'managed' },
    machineImage: null,
    allow: [],
  });
});

it('what was asked for stands', () => {
  const asked = {
    workers: { min: 10, max: 100 },
    name: 'etl',
    market: 'spot-only',
    regions: ['eu-west-2', 'us-west1'],
    architecture: 'arm64',
    cpu: 4,
    memoryGiB: 16,
    gpu: { count: 2, kind: 'a10g' },
    ssd: true,
    zones: 'any',
    types: ['g5.xlarge'],
    schedulerTypes: ['m7g.xlarge'],
    diskGiB: 100,
    tags: [{ key: 'team', value: 'data' }],
    maxPriceMicros: 400_000,
    budgetMicros: 40_000_000,
    ttlSeconds: 60,
    idleSeconds: 61,
    awaySeconds: 62,
    quorum: 0.5,
    allow: ['203.0.113.0/24'],
  } as const;
  const environment = { kind: 'python', path: '/opt/venv/bin/python' } as const;
  const image = { kind: 'machine', id: 'ami-01234567' } as const;
  expect(specOf({ ...asked, python: 'relative/python', image }, { ...defaults, environment })).toEqual({
    ...asked,
    environment,
    machineImage: 'ami-01234567',
  });
});
