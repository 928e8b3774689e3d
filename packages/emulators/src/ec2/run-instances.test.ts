import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVpcsCommand,
  ReleaseAddressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, eventually, idsOf } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator({ hollow: 'hollow=yes' });
const account = (region?: string) => new Account(ec2(), region);

test('an instance has its tags, its address and its market from the first answer, and runs a moment later', async () => {
  const me = account();
  const [first] = await me.run({
    InstanceMarketOptions: { MarketType: 'spot' },
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: { HttpTokens: 'required' },
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'a & b' }] }],
  });
  expect(first).toMatchObject({
    State: { Name: 'pending' },
    InstanceLifecycle: 'spot',
    InstanceType: 'm5.large',
    Tags: [{ Key: 'Name', Value: 'a & b' }],
    MetadataOptions: { HttpTokens: 'required' },
  });
  expect(first?.PrivateIpAddress).toMatch(/^127\.\d+\.0\.\d+$/);
  const [running] = await me.until('running');
  expect(first?.PublicIpAddress).toBeUndefined();
  expect(running).toMatchObject({ InstanceId: first?.InstanceId, PublicIpAddress: first?.PrivateIpAddress });
});

test('filters and pages show each instance once', async () => {
  const me = account();
  const tags = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'kind', Value: 'odd' }] }];
  const ids = idsOf([...(await me.run({ MinCount: 7, MaxCount: 7, TagSpecifications: tags })), ...(await me.run())]);
  const seen: string[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const page = await me.ec2.send(new DescribeInstancesCommand({ MaxResults: 5, NextToken: token }));
    seen.push(...idsOf((page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)));
    token = page.NextToken;
    pages += 1;
  } while (token);
  expect(pages).toBe(2);
  expect(seen.toSorted()).toEqual(ids.toSorted());
  const odd = await me.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'tag:kind', Values: ['o*'] }] }));
  expect((odd.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)).toHaveLength(7);
  await expect(
    me.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'colour', Values: ['x'] }] })),
  ).rejects.toThrow("The filter 'colour' is invalid");
});

test('what EC2 refuses is refused, and nothing is launched', async () => {
  const me = account();
  const subnets = await me.subnets();
  const refused = (input: Parameters<Account['run']>[0]) => {
    // RunInstances has few tokens: time gives them back.
    ec2().control.advance(1_000);
    return me.run(input).then(
      () => 'launched',
      (error: Error) => error.name,
    );
  };
  expect(await refused({ UserData: base64('#'.repeat(16_385)) })).toBe('InvalidParameterValue');
  expect(await refused({ InstanceType: 'm5.enormous' as never })).toBe('InvalidParameterValue');
  expect(await refused({ InstanceType: 'm6g.large' })).toBe('InvalidParameterValue');
  expect(await refused({ ImageId: me.arm })).toBe('InvalidParameterValue');
  expect(await refused({ ImageId: 'ami-00000000000000000' })).toBe('InvalidAMIID.NotFound');
  expect(await refused({ SubnetId: 'subnet-00000000000000000' })).toBe('InvalidSubnetID.NotFound');
  expect(await refused({ SecurityGroupIds: ['sg-00000000000000000'] })).toBe('InvalidGroup.NotFound');
  expect(await refused({ ClientToken: 'x'.repeat(65) })).toBe('InvalidParameterValue');
  const disk = (VolumeSize: number) => [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize } }];
  expect(await refused({ BlockDeviceMappings: disk(7) })).toBe('InvalidBlockDeviceMapping');
  expect(await refused({ BlockDeviceMappings: disk(16_385) })).toBe('InvalidParameterValue');
  const twice = [1, 2].map((n) => ({ Key: 'a', Value: String(n) }));
  expect(await refused({ TagSpecifications: [{ ResourceType: 'instance', Tags: twice }] })).toBe(
    'InvalidParameterValue',
  );
  expect(
    await refused({ TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'aws:x', Value: '' }] }] }),
  ).toBe('InvalidParameterValue');
  expect(await refused({ SubnetId: [...subnets.values()][0], PrivateIpAddress: '127.0.0.1' })).toBe(
    'InvalidParameterValue',
  );
  expect(await me.instances()).toEqual([]);
  expect(await refused({ UserData: base64('#'.repeat(16_384)) })).toBe('launched');
});

test('a type that the zone does not have is refused with the zones that have it', async () => {
  const me = account('us-east-1');
  const offerings = (await me.subnets()).get('us-east-1e');
  await expect(me.run({ InstanceType: 'm7i.large', SubnetId: offerings })).rejects.toThrow(
    /m7i\.large\) is not supported in your requested Availability Zone \(us-east-1e\).*us-east-1a/,
  );
});

test('the same token is the same launch, however often; with other parameters it is refused', async () => {
  const me = account();
  const launches = await Promise.all([1, 2].map(() => me.run({ ClientToken: 'one', MinCount: 2, MaxCount: 2 })));
  expect(idsOf(launches[1] ?? [])).toEqual(idsOf(launches[0] ?? []));
  await expect(me.run({ ClientToken: 'one' })).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' });
  expect(await me.instances()).toHaveLength(2);
  // A launch that was refused has made nothing, and its token is free.
  await expect(me.run({ ClientToken: 'two', ImageId: me.arm })).rejects.toThrow();
  expect(await me.run({ ClientToken: 'two' })).toHaveLength(1);
});

test('a network interface made first is the instance’s, at its address, and stays when the instance is gone', async () => {
  const me = account();
  const [SubnetId] = (await me.subnets()).values();
  const { NetworkInterface: made } = await me.ec2.send(
    new CreateNetworkInterfaceCommand({
      SubnetId,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'a', Value: 'b' }] }],
    }),
  );
  const NetworkInterfaceId = made?.NetworkInterfaceId ?? '';
  const NetworkInterfaces = [{ DeviceIndex: 0, NetworkInterfaceId }];
  const [scheduler] = await me.run({ NetworkInterfaces });
  expect(scheduler?.PrivateIpAddress).toBe(made?.PrivateIpAddress);
  await expect(me.run({ NetworkInterfaces })).rejects.toMatchObject({ name: 'InvalidNetworkInterface.InUse' });
  await expect(me.run({ SubnetId, PrivateIpAddress: made?.PrivateIpAddress })).rejects.toMatchObject({
    name: 'InvalidIPAddress.InUse',
  });
  await expect(me.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))).rejects.toThrow(
    'currently in use',
  );
  // EC2 gives a public address to new interfaces only.
  const [running] = await me.until('running');
  expect(running?.PublicIpAddress).toBeUndefined();
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: idsOf([scheduler ?? {}]) }));
  await me.until('terminated');
  const found = await me.ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'tag:a', Values: ['b'] }] }),
  );
  expect(found.NetworkInterfaces).toMatchObject([{ NetworkInterfaceId, Status: 'available' }]);
  await me.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  expect((await me.ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toEqual([]);
});

test('an interface made first has a public address once an Elastic IP is associated with it, and frees it as it goes', async () => {
  const me = account();
  const [SubnetId] = (await me.subnets()).values();
  const { NetworkInterface } = await me.ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
  const [one, two] = await Promise.all([1, 2].map(() => me.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))));
  const associate = (AllocationId: string | undefined) =>
    me.ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId, AllowReassociation: false }));
  const { AssociationId } = await associate(one?.AllocationId);
  expect((await associate(one?.AllocationId)).AssociationId).toBe(AssociationId);
  await expect(associate(two?.AllocationId)).rejects.toMatchObject({ name: 'Resource.AlreadyAssociated' });
  await me.run({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] });
  const [running] = await me.until('running');
  expect(running?.PublicIpAddress).toBe(one?.PublicIp);
  const release = (AllocationId: string | undefined) => me.ec2.send(new ReleaseAddressCommand({ AllocationId }));
  await expect(release(one?.AllocationId)).rejects.toMatchObject({ name: 'InvalidIPAddress.InUse' });
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: idsOf([running ?? {}]) }));
  await me.until('terminated');
  await me.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  await release(one?.AllocationId);
  const { Addresses } = await me.ec2.send(new DescribeAddressesCommand({}));
  expect(Addresses?.map(({ AllocationId }) => AllocationId)).toEqual([two?.AllocationId]);
});

test('machines of two regions have addresses of their own', async () => {
  const addresses = await Promise.all(
    [account(), account()].map(async (me) =>
      (await me.run({ MinCount: 3, MaxCount: 3 })).map((one) => one.PrivateIpAddress),
    ),
  );
  expect(new Set(addresses.flat()).size).toBe(6);
});

test('a security group that an instance is in cannot be deleted until the instance is gone', async () => {
  const me = account();
  const { Vpcs = [] } = await me.ec2.send(new DescribeVpcsCommand({}));
  const { GroupId = '' } = await me.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'mine', Description: 'mine', VpcId: Vpcs[0]?.VpcId }),
  );
  const launched = await me.run({ SecurityGroupIds: [GroupId] });
  expect(launched[0]?.SecurityGroups).toEqual([{ GroupId, GroupName: 'mine' }]);
  const ids = idsOf(launched);
  const remove = () => me.ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  await expect(remove()).rejects.toMatchObject({ name: 'DependencyViolation' });
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  await me.until('terminated', ids);
  await remove();
});

test('one id that is none fails the whole batch, and the others live on; again and for the ended it does no harm', async () => {
  const me = account();
  const ids = idsOf(await me.run({ MinCount: 2, MaxCount: 2 }));
  const terminate = (InstanceIds: string[]) => me.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  await expect(terminate([...ids, 'i-0123456789abcdef0'])).rejects.toMatchObject({
    name: 'InvalidInstanceID.NotFound',
  });
  await expect(terminate(['../..'])).rejects.toMatchObject({ name: 'InvalidInstanceID.Malformed' });
  await me.until('running', ids);
  await terminate(ids);
  const ended = await me.until('terminated', ids);
  for (const instance of ended) {
    expect(instance.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
    expect(instance.StateTransitionReason).toMatch(/^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
  }
  await terminate(ids);
  // An hour later EC2 shows them no more.
  ec2().control.advance(3_600_000);
  await eventually(
    () => me.instances(),
    (list) => list.length === 0,
  );
  await expect(terminate(ids)).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
});

test('a dry run says that it would succeed, and does nothing', async () => {
  const me = account();
  const asked = { ImageId: me.x86, InstanceType: 'm5.large', MinCount: 1, MaxCount: 1, DryRun: true } as const;
  await expect(me.ec2.send(new RunInstancesCommand(asked))).rejects.toMatchObject({ name: 'DryRunOperation' });
  ec2().control.setFaults({ refused: { RunInstances: 'UnauthorizedOperation' } });
  await expect(me.ec2.send(new RunInstancesCommand(asked))).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  expect(await me.instances()).toEqual([]);
});
