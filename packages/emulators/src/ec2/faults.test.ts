import {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type EC2ClientConfig,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, eventually, idsOf } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator();

const post = (path: string, body: unknown) =>
  fetch(`${ec2().endpoint}/_emulator/${path}`, { method: 'POST', body: JSON.stringify(body) });

test('calls beyond a bucket are refused, and time gives the tokens back', async () => {
  const me = new Account(ec2());
  const describe = () => me.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'tag-key', Values: ['x'] }] }));
  await describe();
  ec2().control.drain(['describe']);
  // A few tokens may have come back by the time that they arrive.
  const asked = await Promise.allSettled(Array.from({ length: 60 }, describe));
  const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused[0]).toMatchObject({ name: 'RequestLimitExceeded', $metadata: { httpStatusCode: 503 } });
  // The bucket of descriptions that are neither filtered nor paginated is another.
  await me.instances();
  ec2().control.advance(1_000);
  await describe();
});

test('RunInstances has five tokens', async () => {
  const me = new Account(ec2());
  const launches = await Promise.allSettled(Array.from({ length: 12 }, () => me.run()));
  const refused = launches.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(7);
  expect(await me.instances()).toHaveLength(12 - refused.length);
});

test('an answer is lost after the effect: with its token the call finds what it made', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  ec2().control.setFaults({ failAfter: { CreateFleet: 1 } });
  const fleet = () => me.fleet(3, [{ InstanceType: 'm5.large', SubnetId }], { token: 'once' });
  await expect(fleet()).rejects.toMatchObject({ name: 'InternalError' });
  expect((await fleet()).Instances?.[0]?.InstanceIds).toHaveLength(3);
  expect(await me.instances()).toHaveLength(3);
});

test('reads that lag show neither what was launched nor what has ended', async () => {
  const me = new Account(ec2());
  const before = idsOf(await me.run());
  await me.until('running');
  ec2().control.advance(60_000);
  ec2().control.setFaults({ lagMs: 30_000 });
  const ids = idsOf(await me.run());
  expect(idsOf(await me.instances())).toEqual(before);
  await expect(me.instances(ids)).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
  // Whoever knows its id can end it.
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [...ids, ...before] }));
  expect((await me.instances())[0]?.State?.Name).toBe('running');
  ec2().control.advance(31_000);
  await me.until('terminated', [...ids, ...before]);
});

test('what a pool has left shrinks with each launch', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  await post('faults', { poolLimits: { 'spot/m5.large/': 5 } });
  const got: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { Instances } = await me.fleet(3, [{ InstanceType: 'm5.large', SubnetId }]);
    got.push((Instances ?? []).flatMap(({ InstanceIds = [] }) => InstanceIds).length);
  }
  expect(got).toEqual([3, 2, 0]);
  await expect(me.run({ InstanceMarketOptions: { MarketType: 'spot' } })).rejects.toMatchObject({
    name: 'InsufficientInstanceCapacity',
  });
  expect(await me.run()).toHaveLength(1);
});

test('a lost zone takes its instances and gives no more, while others do', async () => {
  const me = new Account(ec2());
  const [[zone = '', one] = [], [, two] = []] = [...(await me.subnets())];
  const lost = idsOf(await me.run({ SubnetId: one }));
  const kept = idsOf(await me.run({ SubnetId: two }));
  expect(await (await post('lose-zone', { zone })).json()).toEqual({ lost });
  await me.until('terminated', lost);
  await expect(me.run({ SubnetId: one })).rejects.toMatchObject({ name: 'InsufficientInstanceCapacity' });
  await me.until('running', kept);
});

test('a reclaim without notice ends a spot instance at once', async () => {
  const me = new Account(ec2());
  const [instance] = await me.run({ InstanceMarketOptions: { MarketType: 'spot' } });
  await me.until('running');
  expect(await (await post('reclaim', { match: instance?.InstanceId, notice: false })).json()).toEqual({
    reclaimed: [instance?.InstanceId],
  });
  await me.until('terminated');
});

test('slow boots and delayed answers take their time', async () => {
  const me = new Account(ec2());
  ec2().control.setFaults({ slowBootMs: 3_600_000, delayMs: 300 });
  const before = performance.now();
  const [instance] = await me.run({ UserData: base64('#!/bin/bash\nshutdown -h now\n') });
  expect(performance.now() - before).toBeGreaterThanOrEqual(300);
  ec2().control.calm();
  await me.until('running');
  ec2().control.advance(3_500_000);
  expect((await me.instances())[0]?.State?.Name).toBe('running');
  ec2().control.advance(200_000);
  await me.until('stopped', idsOf([instance ?? {}]));
});

test('credentials that are missing, expired or not allowed, a clock that is wrong, and calls that nobody knows', async () => {
  const me = new Account(ec2());
  ec2().control.setFaults({ refused: { DescribeVpcs: 'AuthFailure' } });
  const vpcs = () => me.ec2.send(new DescribeVpcsCommand({}));
  await expect(vpcs()).rejects.toMatchObject({ name: 'AuthFailure', $metadata: { httpStatusCode: 401 } });
  ec2().control.setFaults({ refused: { '*': 'ExpiredToken' } });
  await expect(vpcs()).rejects.toMatchObject({ name: 'ExpiredToken' });
  ec2().control.calm();
  const config: EC2ClientConfig = {
    region: me.region,
    endpoint: ec2().endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
  const late = new EC2Client({ ...config, systemClockOffset: -3_600_000 });
  await expect(late.send(new DescribeVpcsCommand({}))).rejects.toMatchObject({ name: 'RequestExpired' });
  const unsigned = await fetch(ec2().endpoint, { method: 'POST', body: 'Action=DescribeVpcs' });
  expect([unsigned.status, await unsigned.text()]).toEqual([
    403,
    expect.stringContaining('MissingAuthenticationToken'),
  ]);
  const authorization = `AWS4-HMAC-SHA256 Credential=a/20260101/${me.region}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
  const unknown = await fetch(ec2().endpoint, {
    method: 'POST',
    body: 'Action=MakeCoffee&Version=2016-11-15',
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')]);
});

test('calls are counted by region and action, until they are forgotten', async () => {
  const me = new Account(ec2());
  await me.instances();
  await me.instances();
  await me.ec2.send(new DescribeInstanceTypesCommand({ MaxResults: 5 }));
  const calls = async (method: string) => (await fetch(`${ec2().endpoint}/_emulator/calls`, { method })).json();
  expect(await calls('GET')).toMatchObject({ [me.region]: { DescribeInstances: 2, DescribeInstanceTypes: 1 } });
  expect(await calls('DELETE')).toEqual({});
  await eventually(
    () => me.instances(),
    () => true,
  );
  expect(await calls('GET')).toEqual({ [me.region]: { DescribeInstances: 1 } });
});

test('a fault that there is not is refused', async () => {
  expect((await post('faults', { emtyPools: ['x'] })).status).toBe(400);
  expect(ec2().control.faults().emptyPools).toEqual([]);
});
