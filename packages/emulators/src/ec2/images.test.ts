import {
  CreateImageCommand,
  type CreateImageCommandInput,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  GetConsoleOutputCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, eventually } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator({ cache: 'own' });

/** An instance that wrote a word on its disk, printed what else is there, and powered off. */
async function stopped(me: Account, word: string, ImageId = me.x86): Promise<string> {
  const [instance] = await me.run({
    ImageId,
    UserData: base64(`#!/bin/bash
mkdir -p "$DASKUP_CACHE"; echo "there: $(cd "$DASKUP_CACHE"; echo *)."; touch "$DASKUP_CACHE/${word}"; shutdown -h now; sleep 600`),
    InstanceInitiatedShutdownBehavior: 'stop',
  });
  const id = instance?.InstanceId ?? '';
  await me.until('stopped', [id]);
  return id;
}

async function printed(me: Account, InstanceId: string): Promise<string> {
  const { Output = '' } = await me.ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest: true }));
  return Buffer.from(Output, 'base64').toString();
}

async function image(me: Account, input: CreateImageCommandInput): Promise<string> {
  const { ImageId = '' } = await me.ec2.send(new CreateImageCommand(input));
  ec2().control.advance(10_000);
  return ImageId;
}

const images = async (me: Account) => (await me.ec2.send(new DescribeImagesCommand({ Owners: ['self'] }))).Images ?? [];
const snapshots = async (me: Account) =>
  (await me.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
const Tags = [{ Key: 'made-by', Value: 'test' }];

test('instances of an image begin with what the disk held that it was made of, and others with an empty one', async () => {
  const me = new Account(ec2());
  const first = await stopped(me, 'baked');
  expect(await printed(me, first)).toContain('there: *.');
  const ImageId = await image(me, { InstanceId: first, Name: 'baked' });
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }));
  const second = await stopped(me, 'more', ImageId);
  expect(await printed(me, second)).toContain('there: baked.');
  expect(await printed(me, await stopped(me, 'x', ImageId))).toContain('there: baked.');
  expect(await printed(me, await stopped(me, 'x'))).toContain('there: *.');
});

test('an image is pending at first and has a snapshot with its own tags, which can go only after it', async () => {
  const me = new Account(ec2());
  const InstanceId = await stopped(me, 'baked');
  const { ImageId = '' } = await me.ec2.send(
    new CreateImageCommand({
      InstanceId,
      Name: 'tagged',
      TagSpecifications: [
        { ResourceType: 'image', Tags },
        { ResourceType: 'snapshot', Tags },
      ],
    }),
  );
  await expect(me.run({ ImageId })).rejects.toMatchObject({ name: 'InvalidAMIID.Unavailable' });
  expect(await images(me)).toMatchObject([{ ImageId, State: 'pending', Name: 'tagged', Tags }]);
  ec2().control.advance(10_000);
  const [made] = await eventually(
    () => images(me),
    ([one]) => one?.State === 'available',
  );
  const [snapshot] = await snapshots(me);
  expect(snapshot?.Tags).toEqual(Tags);
  expect(made?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId).toBe(snapshot?.SnapshotId);
  const remove = () => me.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshot?.SnapshotId }));
  await expect(remove()).rejects.toMatchObject({ name: 'InvalidSnapshot.InUse' });
  await me.ec2.send(new DeregisterImageCommand({ ImageId }));
  expect(await images(me)).toEqual([]);
  await expect(me.run({ ImageId })).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' });
  await remove();
  expect(await snapshots(me)).toEqual([]);
});

test('an image that is deregistered with its snapshots leaves nothing', async () => {
  const me = new Account(ec2());
  const ImageId = await image(me, { InstanceId: await stopped(me, 'baked'), Name: 'all' });
  await me.ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }));
  expect([await images(me), await snapshots(me)]).toEqual([[], []]);
  await expect(me.ec2.send(new DeregisterImageCommand({ ImageId }))).rejects.toMatchObject({
    name: 'InvalidAMIID.Unavailable',
  });
});

test('no image is made under a name that is taken or none, or of what is not there any more', async () => {
  const me = new Account(ec2());
  const InstanceId = await stopped(me, 'baked');
  const make = (input: Partial<CreateImageCommandInput>) =>
    me.ec2.send(new CreateImageCommand({ InstanceId, Name: 'taken', ...input }));
  await make({});
  await expect(make({})).rejects.toMatchObject({ name: 'InvalidAMIName.Duplicate' });
  await expect(make({ Name: 'no' })).rejects.toMatchObject({ name: 'InvalidAMIName.Malformed' });
  await expect(make({ Name: 'other', InstanceId: 'i-00000000000000000' })).rejects.toMatchObject({
    name: 'InvalidInstanceID.NotFound',
  });
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  await me.until('terminated', [InstanceId]);
  await expect(make({ Name: 'other' })).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
});

test('an instance that has stopped costs nothing more until it is terminated', async () => {
  const me = new Account(ec2());
  const id = await stopped(me, 'x');
  const bill = () =>
    ec2()
      .control.meter()
      .bills.find((one) => one.id === id)?.micros;
  const before = bill();
  ec2().control.advance(3_600_000);
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await me.until('terminated', [id]);
  expect(bill()).toBe(before);
});
