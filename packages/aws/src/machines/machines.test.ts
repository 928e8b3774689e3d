import type { Instance } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { machineTags, offerTags } from '../tags.ts';
import { offer } from '../testing/offer.ts';
import { machineOf } from './machines.ts';

const LAUNCHED = Date.UTC(2026, 10, 24, 12);
const NOW = LAUNCHED + 7_200_000;
const tags = {
  installation: 'here',
  clusterId: 'c1',
  clusterName: 'etl',
  owner: 'ada',
  region: 'eu-west-2',
  role: 'worker',
  expiresAt: NOW,
  token: 't',
} as const;
const dear = offer({ type: 'm7g.large', microsPerHour: 40_000 });

function seen(change: Partial<Instance> = {}) {
  const instance: Instance = {
    InstanceId: 'i-0123456789abcdef0',
    InstanceType: 'c7g.large',
    InstanceLifecycle: 'spot',
    Placement: { AvailabilityZone: 'eu-west-2a' },
    PrivateIpAddress: '172.31.0.9',
    LaunchTime: new Date(LAUNCHED),
    State: { Name: 'running' },
    Tags: [...machineTags(tags), ...offerTags([dear, offer()])],
    ...change,
  };
  return machineOf(instance, 'eu-west-2', NOW)[0];
}
const ended = (Code: string, StateTransitionReason = '') =>
  seen({ State: { Name: 'terminated' }, StateReason: { Code, Message: `${Code}: so it was` }, StateTransitionReason });

test('of all that its launch could have taken, a machine is what it is, at that price', () => {
  expect(seen()).toEqual({
    id: 'i-0123456789abcdef0',
    tags,
    state: 'running',
    offer: offer(),
    address: '172.31.0.9',
    launchedAt: LAUNCHED,
    runningAt: LAUNCHED,
    endedAt: null,
    endReason: '',
    reclaimed: false,
  });
  expect(seen({ InstanceType: 'm7g.large' })?.offer).toEqual(dear);
});

test('a machine whose offers somebody took from its tags is still listed, so that it can be ended', () => {
  expect(seen({ Tags: [...machineTags(tags)] })).toMatchObject({
    tags,
    offer: { type: 'c7g.large', microsPerHour: 0 },
  });
});

test('what is not ours is not listed', () => {
  expect(seen({ Tags: [{ Key: 'Name', Value: 'database' }] })).toBeUndefined();
});

test.each([
  ['pending', 'pending'],
  ['running', 'running'],
  ['shutting-down', 'stopping'],
  ['stopped', 'stopping'],
  ['terminated', 'terminated'],
] as const)('%s is %s', (Name, state) => {
  expect(seen({ State: { Name } })?.state).toBe(state);
});

test('what is pending is not billed yet', () => {
  expect(seen({ State: { Name: 'pending' } })?.runningAt).toBeNull();
});

test('an end has the time and the reason that EC2 tells', () => {
  expect(ended('Client.UserInitiatedShutdown', 'User initiated (2026-11-24 13:14:15 GMT)')).toMatchObject({
    endedAt: Date.UTC(2026, 10, 24, 13, 14, 15),
    endReason: 'terminated',
    reclaimed: false,
  });
  expect(ended('Client.InstanceInitiatedShutdown')).toMatchObject({ endedAt: NOW, endReason: '' });
  expect(ended('Server.Unheard')?.endReason).toBe('Server.Unheard: so it was');
});

test('what EC2 takes back within its first hour costs nothing; later it does', () => {
  const early = ended('Server.SpotInstanceTermination', 'Server.SpotInstanceTermination (2026-11-24 12:59:59 GMT)');
  expect(early).toMatchObject({ reclaimed: true, endReason: 'spot reclaim', runningAt: null });
  const late = ended('Server.SpotInstanceTermination', 'Server.SpotInstanceTermination (2026-11-24 13:00:00 GMT)');
  expect(late).toMatchObject({ reclaimed: true, runningAt: LAUNCHED });
});

test('what never came to run is not billed', () => {
  expect(ended('Server.InsufficientInstanceCapacity')?.runningAt).toBeNull();
});
