import { setTimeout as delay } from 'node:timers/promises';
import { EC2, type RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { LaunchBatch, Role } from '@daskup/core/provision/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AwsProvider } from '../provider.ts';
import { Account, REGION } from '../testing/account.ts';

// Images that somebody named, as EC2 knows them.
const ZONE = `${REGION}a`;
const UNKNOWN = 'ami-00000000000000000';

let account: Account;
let ec2: EC2;
let provider: AwsProvider;
beforeAll(async () => {
  account = await Account.open({ hollow: 'daskup:role=worker' });
  ec2 = new EC2({ region: REGION, maxAttempts: 1 });
  provider = account.provider('sleep 600');
});
afterAll(() => account?.close());

/** Amazon's own image of today, whose disk has another name than Ubuntu's. */
async function amazon(architecture: 'x86_64' | 'arm64'): Promise<string> {
  const filters = [
    { Name: 'name', Values: ['al2023-*'] },
    { Name: 'architecture', Values: [architecture] },
  ];
  const { Images = [] } = await ec2.describeImages({ Owners: ['amazon'], Filters: filters });
  return Images[0]?.ImageId ?? '';
}

/** An image of a machine with a disk of this size; it can be booted after a while. */
async function imaged(diskGiB: number): Promise<string> {
  const ImageId = await amazon('arm64');
  const asked: RunInstancesCommandInput = {
    ImageId,
    InstanceType: 'm7g.large',
    MinCount: 1,
    MaxCount: 1,
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: diskGiB } }],
  };
  const { Instances = [] } = await ec2.runInstances(asked);
  const InstanceId = Instances[0]?.InstanceId ?? '';
  // Of one that has not come up yet EC2 makes none.
  while (!(await isRunning(InstanceId))) await delay(100);
  const made = await ec2.createImage({ InstanceId, Name: `own-${diskGiB}` });
  return made.ImageId ?? '';
}

async function isRunning(id: string): Promise<boolean> {
  const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
  return Reservations[0]?.Instances?.[0]?.State?.Name === 'running';
}

/** Launches one machine with the image, and tells what EC2 has made. */
async function launched(machineImage: string, role: Role, architecture: 'x86_64' | 'arm64') {
  const cluster = {
    installation: 'here',
    clusterId: `c-${machineImage}-${role}`,
    clusterName: 'etl',
    owner: 'ada',
    region: REGION,
  };
  const offers = (await provider.offers([REGION])).filter(
    (offer) =>
      offer.zone === ZONE && offer.market === 'on-demand' && offer.architecture === architecture && offer.vcpus === 2,
  );
  const scheduler = await provider.prepare(cluster, ZONE, 0);
  const boot = { role, clusterName: 'etl', scheduler, ca: '', identity: { cert: '', key: '' } };
  const life = { expiresAt: 1_900_000_000_000, joinSeconds: 1, idleSeconds: 1 };
  const batch: LaunchBatch = {
    token: `${role}-${machineImage}`,
    tags: { ...cluster, role, expiresAt: life.expiresAt, token: 'token' },
    count: 1,
    market: 'on-demand',
    offers: offers.slice(0, 5),
    diskGiB: 20,
    userTags: [],
    machineImage,
    boot: { ...boot, ...life, environment: { kind: 'managed' } },
  };
  const { machines } = await provider.launch(batch);
  const { instances } = account.ec2.control.state();
  return instances.find(({ id }) => id === machines[0]?.id);
}

test('an image is what EC2 says of it, and asked for once, by whoever comes later too', async () => {
  const [x86, arm] = [await amazon('x86_64'), await amazon('arm64')];
  account.calls();
  expect(await provider.image(x86, REGION)).toEqual({ ok: true, architecture: 'x86_64' });
  expect(await provider.image(arm, REGION)).toEqual({ ok: true, architecture: 'arm64' });
  expect(account.calls()).toEqual({ DescribeImages: 2 });
  for (const one of [provider, account.provider('')]) expect(await one.image(arm, REGION)).toMatchObject({ ok: true });
  expect(account.calls()).toEqual({});
});

test('one that machines cannot boot is told of in a line, and looked at again', async () => {
  expect(await provider.image(UNKNOWN, REGION)).toEqual({
    ok: false,
    problem: `AWS, ${REGION}: there is no image ${UNKNOWN}, or these credentials may not see it. An image is of one region: name its own, or copy it here`,
  });
  const young = await imaged(8);
  expect(await provider.image(young, REGION)).toEqual({
    ok: false,
    problem: `AWS, ${REGION}: ${young} is pending, and only what is available can be booted. Wait for it`,
  });
  account.ec2.control.advance(60_000);
  expect(await provider.image(young, REGION)).toEqual({ ok: true, architecture: 'arm64' });
});

test.each(['scheduler', 'worker'] as const)('a %s boots it, with its own disk and no smaller one', async (role) => {
  const image = await amazon('arm64');
  expect(await launched(image, role, 'arm64')).toMatchObject({ image, diskGiB: 20 });
});

test('a disk is as large as what the image holds', async () => {
  const image = await imaged(40);
  account.ec2.control.advance(60_000);
  expect(await launched(image, 'worker', 'arm64')).toMatchObject({ image, diskGiB: 40 });
});

test('an image that has gone since fails the launch in words', async () => {
  const image = await imaged(9);
  account.ec2.control.advance(60_000);
  expect(await provider.image(image, REGION)).toMatchObject({ ok: true });
  await ec2.deregisterImage({ ImageId: image });
  await expect(launched(image, 'worker', 'arm64')).rejects.toThrow(/The image (id|is not there)/);
  await expect(launched(image, 'scheduler', 'arm64')).rejects.toThrow(
    'The image is not there any more. Name another (image=)',
  );
});
