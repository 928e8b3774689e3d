import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { EC2 } from '@aws-sdk/client-ec2';
import { type ClusterIdentity, ProviderError, type SchedulerEndpoint } from '@daskup/core/provision/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AwsProvider } from '../provider.ts';
import { Account, REGION } from '../testing/account.ts';

// Who reaches a cluster in network `public`, as the groups of the stand-in for EC2 enforce it: a program of the test's
// listens where the scheduler would.
const ZONE = `${REGION}a`;
const DAY_MS = 86_400_000;

let account: Account;
let ec2: EC2;
/** Where this computer seems to be to who tells it its address. */
let seenFrom = '127.0.0.1';
const checkip = createHttp((_, response) => response.end(`${seenFrom}\n`));
let url = '';
let tests = 0;
let provider: AwsProvider;
const open: Server[] = [];
beforeAll(async () => {
  account = await Account.open();
  ec2 = new EC2({ region: REGION, maxAttempts: 1 });
  checkip.listen(0, '127.0.0.1');
  await once(checkip, 'listening');
  url = `http://127.0.0.1:${(checkip.address() as AddressInfo).port}`;
});
beforeEach(() => {
  tests += 1;
  seenFrom = '127.0.0.1';
  provider = anotherProcess();
});
afterEach(async () => {
  account.ec2.control.calm();
  account.ec2.control.setQuotas({ 'L-0263D0A3': 5 });
  account.ec2.control.refill();
  for (const name of ['one', 'two']) await provider.release(cluster(name));
  for (const server of open.splice(0)) server.close();
  expect(account.ec2.control.state()).toMatchObject({ interfaces: [], addresses: [] });
});
afterAll(async () => {
  checkip.close();
  await account?.close();
});

/** A process of the installation that has just started. */
const anotherProcess = (options: Parameters<Account['provider']>[1] = {}) =>
  account.provider('', { isPublic: true, checkip: url, home: `home-${tests}`, ...options });
const cluster = (name = 'one'): ClusterIdentity => ({
  installation: `installation-${tests}`,
  clusterId: `${name}-${tests}`,
  clusterName: name,
  owner: 'ada',
  region: REGION,
});

/** A cluster's place, with something at the two ports of its scheduler. */
async function placed(name = 'one'): Promise<SchedulerEndpoint> {
  const endpoint = await provider.prepare(cluster(name), ZONE, 0);
  for (const port of [endpoint.port, endpoint.controlPort]) {
    const server = createServer((socket) => socket.end(`${name} at ${port}`)).listen(port, endpoint.address);
    await once(server, 'listening');
    open.push(server);
  }
  return endpoint;
}

/** What who comes from this address is answered at a public address; null when he does not get in. */
async function met({ publicAddress: host = '' }: SchedulerEndpoint, localAddress: string, port = 8786) {
  return text(connect({ host, port, localAddress })).catch(() => null);
}

async function groups() {
  const Filters = [{ Name: 'tag:daskup:installation', Values: [`installation-${tests}`] }];
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters });
  return SecurityGroups.map(({ IpPermissions = [] }) =>
    IpPermissions.flatMap(({ FromPort, ToPort, IpRanges = [] }) =>
      IpRanges.map(({ CidrIp }) => `${CidrIp} to ${FromPort}-${ToPort}`),
    ).toSorted(),
  );
}

describe('the server', () => {
  test('reaches both ports of its schedulers by where it is seen from, and nobody else does', async () => {
    seenFrom = '127.66.0.1';
    const endpoint = await placed();
    expect(await met(endpoint, '127.66.0.1')).toBe('one at 8786');
    expect(await met(endpoint, '127.66.0.1', 8787)).toBe('one at 8787');
    expect(await met(endpoint, '127.66.0.2')).toBeNull();
    expect(await groups()).toEqual([['127.66.0.1/32 to 8786-8787']]);
  });

  test('that has moved is let in from where it is now, and no longer from where it was', async () => {
    seenFrom = '127.66.0.1';
    const endpoint = await placed();
    seenFrom = '127.66.0.2';
    expect(await provider.admitServer(cluster())).toBe('127.66.0.2');
    expect(await met(endpoint, '127.66.0.2', 8787)).toBe('one at 8787');
    expect(await met(endpoint, '127.66.0.1')).toBeNull();
  });

  test('that has not moved asks EC2 nothing, nor does the next process of its home', async () => {
    await placed();
    account.calls();
    for (const process of [provider, anotherProcess()]) expect(await process.admitServer(cluster())).toBe('127.0.0.1');
    expect(account.calls()).toEqual({});
  });

  test('of several that share a store is let in beside the others', async () => {
    provider = anotherProcess({ isAlone: false });
    await placed();
    seenFrom = '127.66.0.2';
    const other = anotherProcess({ isAlone: false, home: `other-${tests}` });
    expect(await other.admitServer(cluster())).toBe('127.66.0.2');
    expect(await groups()).toEqual([['127.0.0.1/32 to 8786-8787', '127.66.0.2/32 to 8786-8787']]);
  });

  test('looks once a month whether it is still let in, and says that it was there', async () => {
    await placed();
    account.calls();
    const now = () => Date.now() + 31 * DAY_MS;
    const later = anotherProcess({ now });
    await later.admitServer(cluster());
    expect(account.calls()).toMatchObject({ DescribeSecurityGroups: 1, UpdateSecurityGroupRuleDescriptionsIngress: 1 });
    await later.admitServer(cluster());
    expect(account.calls()).toEqual({});
  });

  test('that cannot learn where it is seen from makes nothing, and says what to do', async () => {
    const closed = anotherProcess({ checkip: 'http://127.0.0.1:9' });
    await expect(closed.prepare(cluster(), ZONE, 0)).rejects.toThrow(
      /127\.0\.0\.1:9 does not tell.*DASKUP_AWS_CHECKIP/,
    );
  });
});

describe('clients', () => {
  test('are let in to Dask’s port of their own cluster alone', async () => {
    const [one, two] = [await placed('one'), await placed('two')];
    await provider.admitClients(cluster('one'), ['127.77.0.0/24']);
    expect(await met(one, '127.77.0.5')).toBe('one at 8786');
    expect(await met(one, '127.77.0.5', 8787)).toBeNull();
    expect(await met(one, '127.77.1.5')).toBeNull();
    expect(await met(two, '127.77.0.5')).toBeNull();
    // The server is as it was.
    expect(await met(one, '127.0.0.1', 8787)).toBe('one at 8787');
  });

  test('who come and go cost a change each besides a look, and none while they stay, whichever server changes it', async () => {
    const endpoint = await placed();
    account.calls();
    await provider.admitClients(cluster(), ['127.77.0.5/32']);
    expect(account.calls()).toEqual({
      DescribeSecurityGroups: 1,
      DescribeNetworkInterfaces: 1,
      CreateSecurityGroup: 1,
      AuthorizeSecurityGroupIngress: 1,
      ModifyNetworkInterfaceAttribute: 1,
    });
    await provider.admitClients(cluster(), ['127.77.0.5/32', '127.77.0.6/32', '127.77.0.7/32']);
    const looked = { DescribeSecurityGroups: 1, DescribeNetworkInterfaces: 1 };
    expect(account.calls()).toEqual({ ...looked, AuthorizeSecurityGroupIngress: 1 });
    await provider.admitClients(cluster(), ['127.77.0.6/32', '127.77.0.7/32']);
    expect(account.calls()).toEqual({ ...looked, RevokeSecurityGroupIngress: 1 });
    expect([await met(endpoint, '127.77.0.5'), await met(endpoint, '127.77.0.6')]).toEqual([null, 'one at 8786']);
    await provider.admitClients(cluster(), ['127.77.0.6/32', '127.77.0.7/32']);
    expect(account.calls()).toEqual(looked);
    await anotherProcess().admitClients(cluster(), ['127.77.0.6/32', '127.77.0.8/32']);
    expect(await met(endpoint, '127.77.0.7')).toBeNull();
    // What the other one has let in since is not forgotten.
    await provider.admitClients(cluster(), ['127.77.0.6/32']);
    expect(await met(endpoint, '127.77.0.8')).toBeNull();
    await provider.admitClients(cluster(), []);
    expect(await met(endpoint, '127.77.0.6')).toBeNull();
  });

  test('who nobody ever was cost nothing', async () => {
    await placed();
    await provider.admitClients(cluster(), []);
    expect(await groups()).toHaveLength(1);
  });

  test.each(['CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'ModifyNetworkInterfaceAttribute'])(
    'are let in by the next process when the answer of %s is lost to this one',
    async (action) => {
      const endpoint = await placed();
      account.ec2.control.setFaults({ failAfter: { [action]: 3 } });
      const ranges = ['127.77.0.5/32', '127.77.0.6/32'];
      await provider.admitClients(cluster(), ranges).catch(() => {});
      await anotherProcess().admitClients(cluster(), ranges);
      expect(await met(endpoint, '127.77.0.6')).toBe('one at 8786');
      expect((await groups()).toSorted()).toHaveLength(2);
    },
  );

  test('are forgotten with their cluster: its group is gone, and the installation’s stays', async () => {
    await placed();
    await provider.admitClients(cluster(), ['127.77.0.5/32']);
    expect(await groups()).toHaveLength(2);
    await provider.release(cluster());
    expect(await groups()).toEqual([['127.0.0.1/32 to 8786-8787']]);
  });

  test('are as many as a group has rules for; of more it is told what to do', async () => {
    await placed();
    const many = Array.from({ length: 61 }, (_, i) => `127.77.0.${i}/32`);
    await expect(provider.admitClients(cluster(), many)).rejects.toThrow(/no rule left.*one range.*L-0EA8095F/);
  });
});

describe('public addresses', () => {
  test('that the account may have no more of are told in a line, and nothing is left', async () => {
    account.ec2.control.setQuotas({ 'L-0263D0A3': 0 });
    const asked = provider.prepare(cluster(), ZONE, 0);
    await expect(asked).rejects.toBeInstanceOf(ProviderError);
    await expect(asked).rejects.toThrow(
      /no more Elastic IP.*DASKUP_AWS_NETWORK=private.*https:\/\/us-east-1\.console\S*\/quotas\/L-0263D0A3$/,
    );
    await provider.release(cluster());
    expect(account.ec2.control.state()).toMatchObject({ interfaces: [], addresses: [] });
  });

  test('of which the last went to this cluster, unheard, are enough for it', async () => {
    account.ec2.control.setQuotas({ 'L-0263D0A3': 1 });
    account.ec2.control.setFaults({ failAfter: { AllocateAddress: 1 } });
    const { publicAddress } = await provider.prepare(cluster(), ZONE, 0);
    expect(account.ec2.control.state().addresses).toEqual([publicAddress]);
  });
});
