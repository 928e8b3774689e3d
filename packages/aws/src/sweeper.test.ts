import { setTimeout as delay } from 'node:timers/promises';
import { EC2 } from '@aws-sdk/client-ec2';
import { ProviderError } from '@daskup/core/provision/provider';
import type { Leftover } from '@daskup/core/provision/sweeper';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AwsSweeper } from './sweeper.ts';
import { INSTALLATION, tagged } from './tags.ts';
import { Account } from './testing/account.ts';

let account: Account;
beforeAll(async () => {
  account = await Account.open({ hollow: 'daskup:installation=*' });
});
afterEach(() => account.ec2.control.calm());
afterAll(() => account?.close());

const OURS = [
  { Key: INSTALLATION, Value: 'lost' },
  { Key: 'daskup:cluster', Value: 'etl' },
  { Key: 'daskup:owner', Value: 'ada' },
];

/** One of everything that daskup makes, with a machine that holds the interface, the address and the group in use. */
async function litter(region: string): Promise<readonly string[]> {
  const ec2 = new EC2({ region });
  const { Subnets = [] } = await ec2.describeSubnets({});
  const [subnet] = Subnets;
  const { GroupId = '' } = await ec2.createSecurityGroup({
    GroupName: 'daskup-lost',
    Description: 'lost',
    VpcId: subnet?.VpcId,
    TagSpecifications: tagged(OURS, 'security-group'),
  });
  const { NetworkInterface: made } = await ec2.createNetworkInterface({
    SubnetId: subnet?.SubnetId,
    Groups: [GroupId],
    TagSpecifications: tagged(OURS, 'network-interface'),
  });
  const NetworkInterfaceId = made?.NetworkInterfaceId ?? '';
  const { AllocationId = '' } = await ec2.allocateAddress({ TagSpecifications: tagged(OURS, 'elastic-ip') });
  await ec2.associateAddress({ AllocationId, NetworkInterfaceId });
  const image = 'resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id';
  const LaunchTemplateData = { ImageId: image };
  const { LaunchTemplate } = await ec2.createLaunchTemplate({
    LaunchTemplateName: 'daskup-lost',
    LaunchTemplateData,
    TagSpecifications: tagged(OURS, 'launch-template'),
  });
  const { Instances = [] } = await ec2.runInstances({
    MinCount: 1,
    MaxCount: 1,
    ImageId: image,
    InstanceType: 'm5.large',
    NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }],
    TagSpecifications: tagged(OURS, 'instance'),
  });
  return [
    Instances[0]?.InstanceId ?? '',
    NetworkInterfaceId,
    AllocationId,
    LaunchTemplate?.LaunchTemplateId ?? '',
    GroupId,
  ].toSorted();
}

const idsIn = (leftovers: readonly Leftover[], region: string) =>
  leftovers.filter((one) => one.region === region).map(({ id }) => id);

test('all that carries our tags is found in every region, asked for again until none is left, and nothing else is touched', async () => {
  const here = await litter('us-east-1');
  const there = await litter('eu-west-2');
  const stranger = new EC2({ region: 'eu-west-2' });
  const { AllocationId: foreign } = await stranger.allocateAddress({});
  const sweeper = new AwsSweeper();
  expect(await sweeper.scope()).toBe('AWS account 123456789012');
  const { leftovers, unanswered } = await sweeper.find();
  expect(unanswered).toEqual([]);
  expect(idsIn(leftovers, 'us-east-1').toSorted()).toEqual(here);
  expect(idsIn(leftovers, 'eu-west-2').toSorted()).toEqual(there);
  expect(leftovers).toHaveLength(10);
  expect(leftovers.find(({ isMachine }) => isMachine)).toMatchObject({
    kind: 'machine',
    cluster: 'etl',
    owner: 'ada',
    detail: 'm5.large',
  });

  let left = leftovers;
  for (let tries = 0; left.length > 0 && tries < 100; tries++) {
    await sweeper.remove(left);
    await delay(100);
    left = (await sweeper.find(['us-east-1', 'eu-west-2'])).leftovers;
  }
  expect(left).toEqual([]);
  const { Addresses = [] } = await stranger.describeAddresses({});
  expect(Addresses.map(({ AllocationId }) => AllocationId)).toEqual([foreign]);
});

test('a region that does not answer is told, and keeps no other from its end', async () => {
  const [machine] = (await litter('us-west-2')).filter((id) => id.startsWith('i-'));
  account.ec2.control.setFaults({ silentRegions: ['eu-west-3'] });
  const sweeper = new AwsSweeper(15_000);
  // The one that answers is known to the stand-in already, and quick.
  const { leftovers, unanswered } = await sweeper.find(['eu-west-3', 'us-west-2']);
  expect(unanswered).toEqual([{ region: 'eu-west-3', why: 'no answer within 15 s' }]);
  expect(idsIn(leftovers, 'us-west-2')).toContain(machine);
});

test('what may not be looked at is told once, and all else is found', async () => {
  const [machine] = (await litter('ca-central-1')).filter((id) => id.startsWith('i-'));
  account.ec2.control.setFaults({ refused: { DescribeSnapshots: 'UnauthorizedOperation' } });
  const { leftovers, unanswered } = await new AwsSweeper().find(['ca-central-1', 'eu-north-1']);
  expect(idsIn(leftovers, 'ca-central-1')).toContain(machine);
  expect(unanswered).toMatchObject([
    { region: 'ca-central-1, eu-north-1', why: expect.stringMatching(/^permission ec2:DescribeSnapshots is missing/) },
  ]);
});

test('what may not be ended is told by its permission, once all else was asked for', async () => {
  const ids = await litter('sa-east-1');
  account.ec2.control.setFaults({ refused: { DeleteLaunchTemplate: 'UnauthorizedOperation' } });
  const sweeper = new AwsSweeper();
  const { leftovers } = await sweeper.find(['sa-east-1']);
  await expect(sweeper.remove(leftovers)).rejects.toThrow(
    /^AWS, sa-east-1: permission ec2:DeleteLaunchTemplate is missing/,
  );
  const states = account.ec2.control.state().instances;
  expect(states.find(({ id }) => ids.includes(id))?.state).not.toBe('running');
});

test('what is wrong with the credentials is told once, not for each region', async () => {
  account.ec2.control.setFaults({ refused: { DescribeInstances: 'UnauthorizedOperation' } });
  await expect(new AwsSweeper().find()).rejects.toThrow(ProviderError);
  account.ec2.control.setFaults({ refused: { '*': 'ExpiredToken' } });
  await expect(new AwsSweeper().find()).rejects.toThrow('AWS, us-east-1: The AWS credentials have expired');
});
