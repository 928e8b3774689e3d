import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DeleteFleetsCommand,
  DescribeFleetsCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeNetworkInterfacesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, idsOf } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator();

type Fleet = Awaited<ReturnType<Account['fleet']>>;
const count = ({ Instances = [] }: Fleet) => Instances.flatMap(({ InstanceIds = [] }) => InstanceIds).length;
const codes = ({ Errors = [] }: Fleet) => Errors.map(({ ErrorCode }) => ErrorCode);

test('a fleet is one call for many instances, of the cheapest override, with all that its template says', async () => {
  const me = new Account(ec2());
  await me.template({
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: { HttpTokens: 'required' },
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'from', Value: 'template' }] }],
  });
  const [SubnetId] = (await me.subnets()).values();
  const fleet = await me.fleet(20, [
    { InstanceType: 'm5.24xlarge', SubnetId },
    { InstanceType: 'c5.large', SubnetId },
  ]);
  expect(fleet.Errors).toEqual([]);
  expect(fleet.Instances).toMatchObject([
    { InstanceType: 'c5.large', Lifecycle: 'spot', LaunchTemplateAndOverrides: { Overrides: { SubnetId } } },
  ]);
  const instances = await me.instances();
  expect(instances).toHaveLength(20);
  expect(new Set(instances.map(({ PrivateIpAddress }) => PrivateIpAddress)).size).toBe(20);
  for (const { MetadataOptions, Tags } of instances) {
    expect(MetadataOptions?.HttpTokens).toBe('required');
    expect(Tags).toEqual(
      expect.arrayContaining([
        { Key: 'from', Value: 'template' },
        { Key: 'made-by', Value: 'fleet' },
      ]),
    );
  }
  expect(ec2().control.calls()[me.region]?.CreateFleet).toBe(1);
});

test('a fleet tags itself and its instances; what else a launch makes is tagged by the template alone', async () => {
  const me = new Account(ec2());
  const tags = (ResourceType: 'volume' | 'network-interface') => [{ ResourceType, Tags: [{ Key: 'a', Value: 'b' }] }];
  await me.template({ TagSpecifications: tags('network-interface') });
  const [SubnetId] = (await me.subnets()).values();
  const overrides = [{ InstanceType: 'm5.large' as const, SubnetId }];
  await expect(me.fleet(1, overrides, { tags: tags('volume') })).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: "'volume' is not a valid taggable resource type for this operation.",
  });
  await me.fleet(1, overrides);
  const { NetworkInterfaces } = await me.ec2.send(new DescribeNetworkInterfacesCommand({}));
  expect(NetworkInterfaces).toMatchObject([{ TagSet: [{ Key: 'a', Value: 'b' }] }]);
});

test('what one pool has not another gives, and each says why it gave no more', async () => {
  const me = new Account(ec2());
  await me.template();
  const zones = [...(await me.subnets())];
  const overrides = zones.map(([, SubnetId]) => ({ InstanceType: 'm5.large' as const, SubnetId }));
  ec2().control.setFaults({ poolLimit: 4, emptyPools: [`m5.large/${zones[0]?.[0]}`] });
  const fleet = await me.fleet(20, overrides);
  expect(count(fleet)).toBe(4 * (zones.length - 1));
  expect(codes(fleet)).toEqual(zones.map(() => 'InsufficientInstanceCapacity'));
  expect(fleet.Errors?.every(({ Lifecycle }) => Lifecycle === 'spot')).toBe(true);
  // Fewer than the least are none at all.
  expect(count(await me.fleet(20, overrides, { least: 20, single: true }))).toBe(0);
  await expect(me.fleet(20, overrides, { least: 20 })).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
});

test('overrides that cannot be are errors of their own beside the others’ success', async () => {
  const me = new Account(ec2(), 'us-east-1');
  await me.template();
  const subnets = await me.subnets();
  const fleet = await me.fleet(2, [
    { InstanceType: 'm5.large', SubnetId: subnets.get('us-east-1a') },
    { InstanceType: 'm6g.large', SubnetId: subnets.get('us-east-1a') },
    { InstanceType: 'm7i.large', SubnetId: subnets.get('us-east-1e') },
    { InstanceType: 'c5.large', SubnetId: subnets.get('us-east-1a'), MaxPrice: '0.0001' },
  ]);
  expect(count(fleet)).toBe(2);
  expect(codes(fleet).toSorted()).toEqual(['InvalidFleetConfiguration', 'InvalidParameterValue', 'SpotMaxPriceTooLow']);
});

test('a throttle in the middle leaves a partial fleet', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  ec2().control.setFaults({ fleetThrottled: 3 });
  const fleet = await me.fleet(5, [{ InstanceType: 'm5.large', SubnetId }]);
  expect([count(fleet), codes(fleet)]).toEqual([2, ['RequestLimitExceeded']]);
});

test('over a thousand instances at once use up their tokens', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  const fleet = await me.fleet(1_100, [{ InstanceType: 'm5.large', SubnetId }]);
  // Two more a second are given back while the call is made.
  expect(count(fleet)).toBeGreaterThanOrEqual(1_000);
  expect(count(fleet)).toBeLessThan(1_100);
  expect(codes(fleet)).toEqual(['RequestLimitExceeded']);
});

test('a quota is in vCPUs, and by market', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  const overrides = [
    { InstanceType: 'm5.large' as const, SubnetId },
    { InstanceType: 'm5.xlarge' as const, SubnetId },
  ];
  ec2().control.setQuotas({ 'L-34B43A08': 6, 'L-1216C47A': 2 });
  const spot = await me.fleet(5, overrides);
  expect([count(spot), codes(spot)]).toEqual([3, ['MaxSpotInstanceCountExceeded', 'MaxSpotInstanceCountExceeded']]);
  const onDemand = await me.fleet(5, overrides, { market: 'on-demand' });
  expect([count(onDemand), codes(onDemand)]).toEqual([1, ['VcpuLimitExceeded', 'VcpuLimitExceeded']]);
  ec2().control.setQuotas({ 'L-34B43A08': 20_000, 'L-1216C47A': 20_000 });
});

test('the same token is the same fleet, and with another count it is refused', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  const overrides = [{ InstanceType: 'm5.large' as const, SubnetId }];
  const first = await me.fleet(3, overrides, { token: 't' });
  const again = await me.fleet(3, overrides, { token: 't' });
  expect(again.Instances).toEqual(first.Instances);
  await expect(me.fleet(4, overrides, { token: 't' })).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' });
  expect(await me.instances()).toHaveLength(3);
});

test('to delete a fleet ends its instances', async () => {
  const me = new Account(ec2());
  await me.template();
  const [SubnetId] = (await me.subnets()).values();
  const { FleetId = '' } = await me.fleet(3, [{ InstanceType: 'm5.large', SubnetId }]);
  const ids = idsOf(await me.instances());
  const { Fleets } = await me.ec2.send(new DescribeFleetsCommand({ FleetIds: [FleetId] }));
  expect(Fleets).toMatchObject([{ FleetId, FleetState: 'active', Type: 'instant' }]);
  await me.ec2.send(new DeleteFleetsCommand({ FleetIds: [FleetId], TerminateInstances: true }));
  await me.until('terminated', ids);
  const many = Array.from({ length: 26 }, () => FleetId);
  await expect(me.ec2.send(new DeleteFleetsCommand({ FleetIds: many, TerminateInstances: true }))).rejects.toThrow(
    '25',
  );
});

test('a launch template has versions, a name of its own, and no more user data than an instance takes', async () => {
  const me = new Account(ec2());
  await me.template({ UserData: base64('#!/bin/sh\n') });
  await expect(me.template()).rejects.toMatchObject({ name: 'InvalidLaunchTemplateName.AlreadyExistsException' });
  await expect(me.template({ UserData: base64('#'.repeat(16_385)) }, 'large')).rejects.toThrow('16384 bytes');
  const LaunchTemplateName = 'workers';
  await me.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName,
      SourceVersion: '1',
      LaunchTemplateData: { InstanceType: 'c5.large' },
    }),
  );
  const { LaunchTemplates } = await me.ec2.send(new DescribeLaunchTemplatesCommand({}));
  expect(LaunchTemplates).toMatchObject([{ DefaultVersionNumber: 1, LatestVersionNumber: 2 }]);
  const { LaunchTemplateVersions } = await me.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName, Versions: ['$Latest'] }),
  );
  expect(LaunchTemplateVersions?.[0]?.LaunchTemplateData).toMatchObject({
    InstanceType: 'c5.large',
    UserData: base64('#!/bin/sh\n'),
  });
  await expect(
    me.ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'a b c', LaunchTemplateData: {} })),
  ).rejects.toThrow();
});
