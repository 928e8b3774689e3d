import { EC2 } from '@aws-sdk/client-ec2';
import { type LaunchBatch, ProviderError, type Role } from '@daskup/core/provision/provider';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findVpc } from './network/network.ts';
import { NOTHING_OWN, type Own } from './own.ts';
import type { AwsProvider } from './provider.ts';
import { Account, REGION } from './testing/account.ts';

// Machines where an account wants them, with what it gives them.
const [A, B] = [`${REGION}a`, `${REGION}b`];
const ELSEWHERE = {
  vpc: 'vpc-00000000000000000',
  subnet: 'subnet-00000000000000000',
  group: 'sg-00000000000000000',
};

let account: Account;
let ec2: EC2;
let vpcId: string;
let groupId: string;
/** Two in the first zone, with public addresses and without; one with them in the second. */
let subnets: Readonly<Record<'open' | 'closed' | 'other', string>>;
let clusters = 0;
beforeAll(async () => {
  account = await Account.open({ hollow: 'daskup:installation=here' });
  ec2 = new EC2({ region: REGION, maxAttempts: 1 });
  const { Subnets = [] } = await ec2.describeSubnets({});
  const block = Subnets[0]?.CidrBlock?.split('.').slice(0, 2).join('.');
  const { Vpc } = await ec2.createVpc({ CidrBlock: `${block}.0.0/16` });
  vpcId = Vpc?.VpcId ?? '';
  const subnet = async (AvailabilityZone: string, third: number, isOpen: boolean) => {
    const { Subnet } = await ec2.createSubnet({ VpcId: vpcId, AvailabilityZone, CidrBlock: `${block}.${third}.0/24` });
    const SubnetId = Subnet?.SubnetId ?? '';
    await ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: isOpen } });
    return SubnetId;
  };
  subnets = {
    open: await subnet(A, 128, true),
    closed: await subnet(A, 129, false),
    other: await subnet(B, 130, true),
  };
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'database', Description: 'ours', VpcId: vpcId });
  groupId = GroupId ?? '';
  await ec2.createKeyPair({ KeyName: 'ada' });
  await iam('CreateInstanceProfile', { InstanceProfileName: 'reads-s3' });
});
beforeEach(() => {
  clusters += 1;
  account.ec2.control.refill();
});
afterAll(() => account?.close());

async function iam(Action: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0`;
  const body = new URLSearchParams({ Action, Version: '2010-05-08', ...parameters });
  const answer = await fetch(account.ec2.endpoint, { method: 'POST', headers: { authorization }, body });
  expect(answer.status).toBe(200);
}

const owning = (own: Partial<Own>) =>
  account.provider('sleep 600', { home: `home-${clusters}`, own: { ...NOTHING_OWN, ...own } });
const cluster = () => ({
  installation: 'here',
  clusterId: `c${clusters}`,
  clusterName: 'etl',
  owner: 'ada',
  region: REGION,
});
const mine = () => ({ Filters: [{ Name: 'tag:daskup:cluster-id', Values: [cluster().clusterId] }] });

async function batch(provider: AwsProvider, role: Role, zone: string): Promise<LaunchBatch> {
  const market = role === 'worker' ? 'spot' : 'on-demand';
  const offers = (await provider.offers([REGION])).filter(
    (offer) => offer.zone === zone && offer.type === 'c7g.large' && offer.market === market,
  );
  const scheduler = await provider.prepare(cluster(), zone, 0);
  const token = `${role}-${clusters}`;
  const life = { expiresAt: 1_900_000_000_000, joinSeconds: 1, idleSeconds: 1 };
  return {
    token,
    tags: { ...cluster(), role, expiresAt: life.expiresAt, token },
    count: role === 'worker' ? 2 : 1,
    market,
    offers,
    diskGiB: 20,
    machineImage: null,
    userTags: [],
    boot: {
      role,
      clusterName: 'etl',
      scheduler,
      ca: '',
      identity: { cert: '', key: '' },
      environment: { kind: 'managed' },
      ...life,
    },
  };
}

/** A scheduler and two workers in a zone, as EC2 describes them. */
async function launched(provider: AwsProvider, zone: string) {
  await provider.launch(await batch(provider, 'scheduler', zone));
  await provider.launch(await batch(provider, 'worker', zone));
  const { Reservations = [] } = await ec2.describeInstances(mine());
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  expect(instances).toHaveLength(3);
  return instances;
}

test('machines are in the subnets that the account names, in its groups, with its role and its key', async () => {
  const provider = owning({
    subnets: [ELSEWHERE.subnet, subnets.closed],
    securityGroups: [groupId, ELSEWHERE.group],
    instanceProfile: 'reads-s3',
    keyName: 'ada',
  });
  expect(await provider.check({ kind: 'managed' }, REGION)).toMatchObject([{ ok: true }, { ok: true }]);
  for (const instance of await launched(provider, A)) {
    expect(instance).toMatchObject({ SubnetId: subnets.closed, VpcId: vpcId, KeyName: 'ada' });
    expect(instance.IamInstanceProfile?.Arn).toMatch(/:instance-profile\/reads-s3$/);
    const groups = instance.SecurityGroups?.map(({ GroupName }) => GroupName);
    expect(groups?.toSorted()).toEqual(['daskup-here', 'database']);
  }
});

test('without anything of its own an account has nothing of it on its machines', async () => {
  for (const { VpcId, KeyName, IamInstanceProfile, SecurityGroups } of await launched(owning({}), A)) {
    expect(VpcId).not.toBe(vpcId);
    expect([KeyName, IamInstanceProfile]).toEqual([undefined, undefined]);
    expect(SecurityGroups).toHaveLength(1);
  }
});

test('only zones that have a subnet are offered, also to a process that finds the network as another has left it', async () => {
  const zones = async (provider: AwsProvider) =>
    [...new Set((await provider.offers([REGION])).map(({ zone }) => zone))].toSorted();
  expect(await zones(owning({ vpcs: [vpcId] }))).toEqual([A, B]);
  expect(await zones(owning({ vpcs: [vpcId], subnets: [subnets.other, ELSEWHERE.subnet] }))).toEqual([B]);
  await owning({ subnets: [subnets.other] }).prepare(cluster(), B, 0);
  account.calls();
  expect(await zones(owning({ subnets: [subnets.other] }))).toEqual([B]);
  expect(account.calls()).toEqual({});
  // Of other settings nothing is kept.
  expect(await zones(owning({ subnets: [subnets.open] }))).toEqual([A]);
});

test.each([
  ['private', false, 'closed'],
  ['public', true, 'open'],
] as const)('of two subnets of a zone a %s network takes the one that is such', async (_, isPublic, name) => {
  const vpc = await findVpc(ec2, REGION, { ...NOTHING_OWN, vpcs: [vpcId, ELSEWHERE.vpc] }, isPublic);
  expect(vpc).toMatchObject({
    id: vpcId,
    subnets: [
      { id: subnets[name], zone: A },
      { id: subnets.other, zone: B },
    ],
  });
});

test('settings that were changed choose a network anew', async () => {
  const subnetOf = async (name: 'open' | 'closed') => {
    const id = { ...cluster(), clusterId: `${cluster().clusterId}-${name}` };
    await owning({ subnets: [subnets[name]] }).prepare(id, A, 0);
    const Filters = [{ Name: 'tag:daskup:cluster-id', Values: [id.clusterId] }];
    return (await ec2.describeNetworkInterfaces({ Filters })).NetworkInterfaces?.[0]?.SubnetId;
  };
  expect([await subnetOf('open'), await subnetOf('closed')]).toEqual([subnets.open, subnets.closed]);
});

test('with its network kept a cluster takes no more than 6 calls', async () => {
  const own = { subnets: [subnets.closed], securityGroups: [groupId], keyName: 'ada' };
  await owning(own).prepare({ ...cluster(), clusterId: 'before' }, A, 0);
  const provider = owning(own);
  await provider.offers([REGION]);
  account.calls();
  await provider.check({ kind: 'managed' }, REGION);
  await provider.launch(await batch(provider, 'scheduler', A));
  await provider.launch(await batch(provider, 'worker', A));
  const calls = Object.values(account.calls()).reduce((a, b) => a + b, 0);
  expect(calls).toBeLessThanOrEqual(6);
});

describe('what is not as the settings say', () => {
  test.each<[Partial<Own>, RegExp]>([
    [{ vpcs: [ELSEWHERE.vpc] }, /none of the VPCs and subnets that DASKUP_AWS_VPC and DASKUP_AWS_SUBNETS name is here/],
    [{ subnets: [ELSEWHERE.subnet] }, /none of the VPCs and subnets.*Name one of this region too/],
    [{ securityGroups: [ELSEWHERE.group] }, /none of the groups that DASKUP_AWS_SECURITY_GROUPS names is in vpc-/],
  ])('%j is told before anything is made', async (own, message) => {
    const provider = owning(own);
    const [finding] = await provider.check({ kind: 'managed' }, REGION);
    expect(finding?.ok).toBe(false);
    expect(finding?.message).toMatch(message);
    await expect(provider.prepare(cluster(), A, 0)).rejects.toThrow(ProviderError);
    expect((await ec2.describeNetworkInterfaces(mine())).NetworkInterfaces).toEqual([]);
  });

  test('subnets of two VPCs are told', async () => {
    const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] });
    const both = [Subnets[0]?.SubnetId ?? '', subnets.open];
    const [finding] = await owning({ subnets: both }).check({ kind: 'managed' }, REGION);
    expect(finding?.message).toMatch(/name several VPCs \(vpc-.*, vpc-.*in one alone/);
  });

  test.each<[Partial<Own>, RegExp]>([
    [{ keyName: 'bob' }, /no key pair of the name that DASKUP_AWS_KEY_NAME says.*import-key-pair/],
    [{ instanceProfile: 'writes-s3' }, /Invalid IAM Instance Profile name/],
  ])('%j is told by the launch, which leaves nothing', async (own, message) => {
    const provider = owning(own);
    for (const role of ['scheduler', 'worker'] as const) {
      const refused = provider.launch(await batch(provider, role, A));
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(ProviderError);
    }
    await provider.release(cluster());
    expect((await ec2.describeInstances(mine())).Reservations).toEqual([]);
    expect((await ec2.describeLaunchTemplates(mine())).LaunchTemplates ?? []).toEqual([]);
    expect((await ec2.describeNetworkInterfaces(mine())).NetworkInterfaces).toEqual([]);
  });

  test('a region with no default VPC is told with both ways out', async () => {
    const region = 'eu-north-1';
    const there = new EC2({ region, maxAttempts: 1 });
    const { Subnets = [] } = await there.describeSubnets({});
    for (const { SubnetId } of Subnets) await there.deleteSubnet({ SubnetId });
    const [finding] = await new Account(account.ec2, region).provider('').check({ kind: 'managed' }, region);
    expect(finding?.message).toMatch(/no default VPC.*create-default-vpc --region eu-north-1; or.*DASKUP_AWS_SUBNETS/);
  });
});
