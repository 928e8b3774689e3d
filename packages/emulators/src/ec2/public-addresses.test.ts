import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { EC2, type IpPermission } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Account } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

// Nobody has to boot for this: a program of the test's listens where the instance would.
const ec2 = emulator();
let api: EC2;
let ids: { readonly GroupId: string; readonly NetworkInterfaceId: string; readonly AllocationId: string };
let address = '';
const server = createServer((socket) => socket.end('hello'));

beforeAll(async () => {
  const { region } = new Account(ec2());
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
  api = new EC2({ endpoint: ec2().endpoint, region, credentials, maxAttempts: 1 });
  const { Subnets = [] } = await api.describeSubnets({});
  const [{ SubnetId = '', VpcId = '' } = {}] = Subnets;
  const { GroupId = '' } = await api.createSecurityGroup({ GroupName: 'mine', Description: 'mine', VpcId });
  const { NetworkInterface } = await api.createNetworkInterface({ SubnetId, Groups: [GroupId] });
  const { PublicIp = '', AllocationId = '' } = await api.allocateAddress({ Domain: 'vpc' });
  const { NetworkInterfaceId = '', PrivateIpAddress } = NetworkInterface ?? {};
  await api.associateAddress({ AllocationId, NetworkInterfaceId });
  server.listen(8786, PrivateIpAddress);
  await once(server, 'listening');
  ids = { GroupId, NetworkInterfaceId, AllocationId };
  address = PublicIp;
});
afterAll(() => server.close());

/** What it is answered who comes from this address; a word in brackets for who gets no connection. */
async function met(localAddress: string, port = 8786): Promise<string> {
  const socket = connect({ host: address, port, localAddress });
  return text(socket).catch((error: NodeJS.ErrnoException) => `(${error.code})`);
}
const rule = (CidrIp: string, from = 8786, to = from): IpPermission[] => [
  { IpProtocol: 'tcp', FromPort: from, ToPort: to, IpRanges: [{ CidrIp }] },
];
const shut = /^\((ECONNREFUSED|ECONNRESET)\)$/;

test('an Elastic IP lets in whom a rule of its interface’s groups names by address, at the ports of that rule', async () => {
  const { GroupId } = ids;
  expect(await met('127.77.0.5')).toMatch(shut);
  await api.authorizeSecurityGroupIngress({ GroupId, IpPermissions: rule('127.77.0.0/24') });
  expect(await met('127.77.0.5')).toBe('hello');
  expect(await met('127.77.1.5')).toMatch(shut);
  expect(await met('127.77.0.5', 8787)).toMatch(shut);
  await api.authorizeSecurityGroupIngress({ GroupId, IpPermissions: rule('127.77.1.5/32', 8786, 8787) });
  expect(await met('127.77.1.5')).toBe('hello');
  await api.revokeSecurityGroupIngress({ GroupId, IpPermissions: rule('127.77.0.0/24') });
  expect(await met('127.77.0.5')).toMatch(shut);
  expect(await met('127.77.1.5')).toBe('hello');
});

test('rules hold as soon as an interface is in their group, and no longer', async () => {
  const { NetworkInterfaceId, GroupId } = ids;
  const { SecurityGroups = [] } = await api.describeSecurityGroups({ GroupIds: [GroupId] });
  const VpcId = SecurityGroups[0]?.VpcId;
  const other = await api.createSecurityGroup({ GroupName: 'other', Description: 'other', VpcId });
  const OtherId = other.GroupId ?? '';
  await api.authorizeSecurityGroupIngress({ GroupId: OtherId, IpPermissions: rule('127.78.0.1/32') });
  expect(await met('127.78.0.1')).toMatch(shut);
  await api.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: [GroupId, OtherId] });
  expect(await met('127.78.0.1')).toBe('hello');
  await api.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: [GroupId] });
  expect(await met('127.78.0.1')).toMatch(shut);
});

test('it tells who asks which address he comes from', async () => {
  const answer = await fetch(ec2().env.DASKUP_AWS_CHECKIP ?? '');
  expect(await answer.text()).toBe('127.0.0.1\n');
});

test('a rule is described in the characters that EC2 takes, and only one that is there', async () => {
  const { GroupId } = ids;
  const [Described] = rule('127.79.0.1/32');
  const named = (Description: string) =>
    [{ ...Described, IpRanges: [{ CidrIp: '127.79.0.1/32', Description }] }] satisfies IpPermission[];
  await expect(api.authorizeSecurityGroupIngress({ GroupId, IpPermissions: named('for Zoë') })).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  });
  await expect(
    api.updateSecurityGroupRuleDescriptionsIngress({ GroupId, IpPermissions: named('for Zoe') }),
  ).rejects.toMatchObject({ name: 'InvalidPermission.NotFound' });
});

test('it leads nowhere once it is taken from its interface', async () => {
  await api.authorizeSecurityGroupIngress({ GroupId: ids.GroupId, IpPermissions: rule('127.80.0.1/32') });
  expect(await met('127.80.0.1')).toBe('hello');
  await api.deleteNetworkInterface({ NetworkInterfaceId: ids.NetworkInterfaceId });
  expect(await met('127.80.0.1')).toMatch(shut);
});
