import { setTimeout as delay } from 'node:timers/promises';
import { EC2 } from '@aws-sdk/client-ec2';
import type { Offer } from '@daskup/core/plan/offer';
import { type ClusterIdentity, type LaunchBatch, type Machine, ProviderError } from '@daskup/core/provision/provider';
import type { Market } from '@daskup/core/spec/spec';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AwsProvider } from './provider.ts';
import { Account, REGION } from './testing/account.ts';

// What is so of this provider alone; what is so of every provider is in contract.test.ts.
const ZONE = `${REGION}a`;
/** Workers run nothing. */
const HOLLOW = { hollow: 'daskup:role=worker' };
const SCHEDULER = 'echo "daskup: 0s up"; sleep 600';

let account: Account;
let ec2: EC2;
let provider: AwsProvider;
let clusters = 0;
beforeAll(async () => {
  account = await Account.open(HOLLOW);
  ec2 = new EC2({ region: REGION, maxAttempts: 1 });
});
beforeEach(() => {
  clusters += 1;
  provider = account.provider(SCHEDULER);
});
afterEach(() => {
  account.ec2.control.calm();
  // No test is throttled for what the one before has asked: a scheduler a second is more than EC2 takes for long.
  account.ec2.control.refill();
});
afterAll(() => account?.close());

const cluster = (): ClusterIdentity => ({
  installation: 'here',
  clusterId: `c${clusters}`,
  clusterName: `etl-${clusters}`,
  owner: 'ada',
  region: REGION,
});

/** Offers of these types in one zone, in this order. */
async function offersOf(market: Market, ...types: string[]): Promise<readonly Offer[]> {
  const offers = await provider.offers([REGION]);
  return types.flatMap((type) =>
    offers.filter((offer) => offer.type === type && offer.market === market && offer.zone === ZONE),
  );
}

async function batch(
  role: 'scheduler' | 'worker',
  count: number,
  offers: readonly Offer[],
  token = `${role}-${clusters}`,
) {
  const scheduler = await provider.prepare(cluster(), ZONE, 0);
  const expiresAt = 1_900_000_000_000;
  const boot = { role, clusterName: 'etl', scheduler, ca: '', identity: { cert: '', key: '' } } as const;
  const life = { expiresAt, joinSeconds: 1, idleSeconds: 1, environment: { kind: 'managed' } } as const;
  return {
    token,
    tags: { ...cluster(), role, expiresAt, token },
    count,
    market: offers[0]?.market ?? 'on-demand',
    offers,
    diskGiB: 20,
    userTags: [],
    machineImage: null,
    boot: { ...boot, ...life },
  } satisfies LaunchBatch;
}

async function until(good: (machines: readonly Machine[]) => boolean): Promise<readonly Machine[]> {
  const end = Date.now() + 60_000;
  while (true) {
    const mine = (await provider.machines('here')).filter(({ tags }) => tags.clusterId === cluster().clusterId);
    if (good(mine)) return mine;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(mine.slice(0, 3))}`);
    await delay(100);
  }
}
const all = (state: Machine['state']) => (list: readonly Machine[]) => list.every((machine) => machine.state === state);
/** A provider in a home that has never been in the region. */
const newcomer = () => account.provider(SCHEDULER, { home: `home-${clusters}` });
const idsOf = (machines: readonly Machine[]) => machines.map(({ id }) => id).toSorted();

describe('what is made', () => {
  test('carries its tags from the call that makes it, and lets nobody in but the group and this server', async () => {
    const { machines } = await provider.launch(await batch('worker', 2, await offersOf('on-demand', 't3.small')));
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: machines.map(({ id }) => id) });
    for (const { Tags = [], MetadataOptions } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
      expect(MetadataOptions?.HttpTokens).toBe('required');
      const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
      expect(tags).toMatchObject({
        Name: `daskup ${cluster().clusterName} worker`,
        'daskup:installation': 'here',
        'daskup:cluster-id': cluster().clusterId,
        'daskup:cluster': cluster().clusterName,
        'daskup:owner': 'ada',
        'daskup:region': REGION,
        'daskup:role': 'worker',
        'daskup:expires-at': '1900000000000',
        'daskup:token': `worker-${clusters}`,
      });
    }
    const attached = { Name: 'attachment.instance-id', Values: machines.map(({ id }) => id) };
    const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: [attached] });
    expect(NetworkInterfaces).toHaveLength(2);
    for (const { TagSet = [] } of NetworkInterfaces) {
      expect(TagSet).toContainEqual({ Key: 'daskup:installation', Value: 'here' });
      expect(TagSet).toContainEqual({ Key: 'daskup:role', Value: 'worker' });
    }
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({
      Filters: [{ Name: 'tag:daskup:installation', Values: ['here'] }],
    });
    expect(SecurityGroups).toHaveLength(1);
    const [group] = SecurityGroups;
    const rules = group?.IpPermissions ?? [];
    expect(rules.flatMap(({ IpRanges = [] }) => IpRanges.map(({ CidrIp }) => CidrIp))).toEqual(['127.0.0.1/32']);
    const open = rules.find(({ IpRanges = [] }) => IpRanges.length > 0);
    expect(open).toMatchObject({ IpProtocol: 'tcp', FromPort: 8786, ToPort: 8787 });
    const members = rules.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map(({ GroupId }) => GroupId));
    expect(members).toEqual([group?.GroupId]);
  });

  test("has the disk that was asked for, and the user's tags on all of it", async () => {
    provider = account.provider(SCHEDULER, { isPublic: true });
    const userTags = [
      { key: 'team', value: 'data' },
      { key: 'owner', value: 'somebody else' },
      { key: 'Name', value: 'mine' },
    ];
    const asked = { userTags, diskGiB: 99.5 };
    await provider.prepare(cluster(), ZONE, 0, userTags);
    const scheduler = { ...(await batch('scheduler', 1, await offersOf('on-demand', 't3.small'))), ...asked };
    const workers = { ...(await batch('worker', 2, await offersOf('spot', 'c7g.large', 'm7g.large'))), ...asked };
    const made = [...(await provider.launch(scheduler)).machines, ...(await provider.launch(workers)).machines];
    const Filters = [{ Name: 'tag:daskup:cluster-id', Values: [cluster().clusterId] }];
    const { Reservations = [] } = await ec2.describeInstances({ Filters });
    const { Volumes = [] } = await ec2.describeVolumes({ Filters });
    const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters });
    const { LaunchTemplates = [] } = await ec2.describeLaunchTemplates({ Filters });
    const { Addresses = [] } = await ec2.describeAddresses({ Filters });
    const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
    // Fleets of type instant are shown by id alone.
    const tagsOfAll = instances.flatMap(({ Tags = [] }) => Tags);
    const FleetIds = [
      ...new Set(tagsOfAll.flatMap(({ Key, Value = '' }) => (Key === 'aws:ec2:fleet-id' ? Value : []))),
    ];
    const { Fleets = [] } = await ec2.describeFleets({ FleetIds });
    const things = [instances, Volumes, NetworkInterfaces, LaunchTemplates, Addresses, Fleets];
    expect(things.map(({ length }) => length)).toEqual([3, 3, 3, 1, 1, 1]);
    const own = userTags.map(({ key, value }) => ({ Key: key, Value: value }));
    for (const thing of things.flat()) {
      const tags = 'TagSet' in thing ? thing.TagSet : (thing as { Tags?: typeof own }).Tags;
      expect(tags).toEqual(expect.arrayContaining(own));
    }
    for (const { Size, VolumeType, Encrypted } of Volumes)
      expect([Size, VolumeType, Encrypted]).toEqual([100, 'gp3', true]);
    // What is ours is told apart from what looks like it.
    expect((await until((list) => list.length === 3)).every(({ tags }) => tags.owner === 'ada')).toBe(true);
    await provider.terminate(idsOf(made));
    await until(all('terminated'));
    expect((await ec2.describeVolumes({ Filters })).Volumes).toEqual([]);
    await provider.release(cluster());
  });

  test('a disk is never smaller than what is on it', async () => {
    const workers = await batch('worker', 1, await offersOf('spot', 'c7g.large'));
    const { machines } = await provider.launch({ ...workers, diskGiB: 0.5 });
    const Filters = [{ Name: 'attachment.instance-id', Values: idsOf(machines) }];
    expect((await ec2.describeVolumes({ Filters })).Volumes).toMatchObject([{ Size: 8 }]);
  });

  test('a machine that shuts itself down is terminated, and tells why it did', async () => {
    provider = account.provider(
      'echo "daskup: 0s up"; sleep 2; echo "daskup: 2s ending: idle for 20m"; shutdown -h now',
    );
    const wanted = await batch('scheduler', 1, await offersOf('on-demand', 't3.small'));
    const [made] = (await provider.launch(wanted)).machines;
    // Also when its log was looked at a moment before.
    await until((list) => list.length === 1 && all('running')(list));
    expect(await provider.bootLog(made?.id ?? '')).not.toContain('ending');
    const [ended] = await until((list) => list.length === 1 && all('terminated')(list));
    // EC2 does not know why.
    expect(ended?.endReason).toBe('');
    expect(await provider.bootLog(made?.id ?? '')).toContain('ending: idle for 20m');
  });

  test('all of a cluster but its group is gone once it is released', async () => {
    await provider.launch(await batch('scheduler', 1, await offersOf('on-demand', 't3.small')));
    await provider.launch(await batch('worker', 3, await offersOf('spot', 'c7g.large')));
    const up = await until((list) => list.length === 4);
    await provider.terminate(idsOf(up));
    await until(all('terminated'));
    await provider.release(cluster());
    const mine = { Filters: [{ Name: 'tag:daskup:cluster-id', Values: [cluster().clusterId] }] };
    expect((await ec2.describeNetworkInterfaces(mine)).NetworkInterfaces).toEqual([]);
    expect((await ec2.describeLaunchTemplates(mine)).LaunchTemplates ?? []).toEqual([]);
  });

  test('a place that is still in use is no matter for a person: it is given up later', async () => {
    await provider.launch(await batch('scheduler', 1, await offersOf('on-demand', 't3.small')));
    await expect(provider.release(cluster())).rejects.not.toBeInstanceOf(ProviderError);
  });
});

describe('what is long gone', () => {
  test('keeps nobody else from their end, though EC2 knows it no more', async () => {
    const { machines } = await provider.launch(await batch('worker', 2, await offersOf('spot', 'c7g.large')));
    const [one = '', other = ''] = idsOf(machines);
    await provider.terminate([one]);
    await until((list) => list.some(({ id, state }) => id === one && state === 'terminated'));
    account.ec2.control.advance(2 * 3_600_000);
    await provider.terminate([one, other]);
    expect(await until(all('terminated'))).toMatchObject([{ id: other }]);
  });
});

describe('with public addresses', () => {
  test('server and clients have another address than machines, whoever asks and however often; then it is gone', async () => {
    const asked = await Promise.all(
      [1, 2, 3].map(() => account.provider(SCHEDULER, { isPublic: true }).prepare(cluster(), ZONE, 0)),
    );
    const [first] = asked;
    expect(first?.publicAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(first?.publicAddress).not.toBe(first?.address);
    for (const other of asked) expect(other).toEqual(first);
    const mine = { Filters: [{ Name: 'tag:daskup:cluster-id', Values: [cluster().clusterId] }] };
    expect((await ec2.describeAddresses(mine)).Addresses).toHaveLength(1);
    await provider.release(cluster());
    expect((await ec2.describeAddresses(mine)).Addresses ?? []).toEqual([]);
  });
});

describe('too little room', () => {
  test('what there is is given, and of the rest each empty pool is told', async () => {
    account.ec2.control.setFaults({ poolLimits: { 'spot/c7g.large': 2 }, emptyPools: ['spot/m7g.large'] });
    const { machines, shortages } = await provider.launch(
      await batch('worker', 5, await offersOf('spot', 'c7g.large', 'm7g.large')),
    );
    expect(machines).toHaveLength(2);
    const pools = shortages.flatMap((one) => (one.kind === 'capacity' ? [one.pool] : []));
    expect(pools.toSorted()).toEqual([`spot/c7g.large/${ZONE}`, `spot/m7g.large/${ZONE}`]);
  });

  test('a scheduler takes the next type, and asked for again is the same one', async () => {
    account.ec2.control.setFaults({ emptyPools: ['on-demand/t3.small'] });
    const wanted = await batch('scheduler', 1, await offersOf('on-demand', 't3.small', 't3.medium'));
    const { machines } = await provider.launch(wanted);
    expect(machines.map(({ offer }) => offer.type)).toEqual(['t3.medium']);
    account.ec2.control.calm();
    // As some time later: to ask for one type after the other uses up what EC2 takes at once.
    account.ec2.control.refill();
    const again = await account.provider(SCHEDULER).launch(wanted);
    expect(idsOf(again.machines)).toEqual(idsOf(machines));
    expect(await until((list) => list.length > 0)).toHaveLength(1);
  });

  test('a used-up quota is told as one, with where to ask for more', async () => {
    account.ec2.control.setQuotas({ 'L-1216C47A': 0 });
    const { machines, shortages } = await provider.launch(
      await batch('worker', 2, await offersOf('on-demand', 't3.small')),
    );
    account.ec2.control.setQuotas({ 'L-1216C47A': 100_000 });
    expect(machines).toEqual([]);
    expect(shortages).toMatchObject([{ kind: 'quota', market: 'on-demand', region: REGION }]);
    expect(shortages[0]?.message).toContain('quotas/L-1216C47A');
  });

  test('a throttle inside a fleet leaves no pool aside', async () => {
    account.ec2.control.setFaults({ fleetThrottled: 1 });
    const { machines, shortages } = await provider.launch(
      await batch('worker', 3, await offersOf('spot', 'c7g.large')),
    );
    expect(machines).toHaveLength(2);
    expect(shortages.map(({ kind }) => kind)).toEqual(['throttled']);
  });
});

describe('trouble', () => {
  test.each(['CreateNetworkInterface', 'CreateLaunchTemplate', 'CreateFleet', 'RunInstances'])(
    'when the answer of %s is lost, asking again makes nothing twice',
    async (action) => {
      // As often as the SDK itself asks again.
      account.ec2.control.setFaults({ failAfter: { [action]: 3 } });
      const tried = async () => {
        await provider.launch(await batch('scheduler', 1, await offersOf('on-demand', 't3.small')));
        await provider.launch(await batch('worker', 2, await offersOf('spot', 'c7g.large')));
      };
      await tried().catch(async () => {
        provider = account.provider(SCHEDULER);
        await tried();
      });
      expect(await until((list) => list.length >= 3)).toHaveLength(3);
      const mine = { Filters: [{ Name: 'tag:daskup:cluster-id', Values: [cluster().clusterId] }] };
      expect((await ec2.describeLaunchTemplates(mine)).LaunchTemplates).toHaveLength(1);
      const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces(mine);
      expect(NetworkInterfaces.filter(({ Description }) => Description?.startsWith('daskup: the'))).toHaveLength(1);
    },
  );

  test('a missing permission is named before anything is made', async () => {
    account.ec2.control.setFaults({ refused: { DescribeSubnets: 'UnauthorizedOperation' } });
    const [finding] = await newcomer().check({ kind: 'managed' }, REGION);
    expect(finding?.ok).toBe(false);
    expect(finding?.message).toMatch(/permission ec2:DescribeSubnets is missing.*docs\/aws.md/);
  });

  test.each(['ExpiredToken', 'AuthFailure', 'RequestExpired', 'OptInRequired'])(
    '%s is told before anything is made',
    async (code) => {
      account.ec2.control.setFaults({ refused: { '*': code } });
      const findings = await newcomer().check({ kind: 'managed' }, REGION);
      expect(findings.some(({ ok }) => !ok)).toBe(true);
    },
  );

  test('where this home was before, credentials that have expired since are told with the first call', async () => {
    await provider.prepare(cluster(), ZONE, 0);
    account.ec2.control.setFaults({ refused: { '*': 'ExpiredToken' } });
    expect(await provider.check({ kind: 'managed' }, REGION)).toMatchObject([{ ok: true }]);
    await expect(provider.prepare(cluster(), ZONE, 0)).rejects.toThrow(/have expired.*aws sso login/);
  });

  test('a throttled call passes by itself: it is nothing for a person', async () => {
    account.ec2.control.setFaults({ throttled: ['CreateFleet'] });
    const wanted = await batch('worker', 1, await offersOf('spot', 'c7g.large'));
    account.calls();
    await expect(provider.launch(wanted)).rejects.not.toBeInstanceOf(ProviderError);
    expect(account.calls().CreateFleet).toBeLessThanOrEqual(3);
  });

  test('without credentials nothing can be sold, and what to do is said', async () => {
    const { AWS_ACCESS_KEY_ID: key, HOME: home } = process.env;
    delete process.env.AWS_ACCESS_KEY_ID;
    process.env.HOME = '/nonexistent';
    try {
      const [finding] = await account.provider(SCHEDULER).check({ kind: 'managed' }, REGION);
      expect(finding).toMatchObject({ ok: false });
      expect(finding?.message).toMatch(/no AWS credentials.*aws configure/);
    } finally {
      process.env.AWS_ACCESS_KEY_ID = key;
      process.env.HOME = home;
    }
  });

  test('a security group that somebody deleted is made anew', async () => {
    const where = { ...cluster(), installation: 'other' };
    await provider.prepare(where, ZONE, 0);
    await provider.release(where);
    const filters = [{ Name: 'tag:daskup:installation', Values: ['other'] }];
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: filters });
    await ec2.deleteSecurityGroup({ GroupId: SecurityGroups[0]?.GroupId });
    const next = { ...where, clusterId: `${where.clusterId}-next` };
    await expect(provider.prepare(next, ZONE, 0)).rejects.not.toBeInstanceOf(ProviderError);
    expect((await provider.prepare(next, ZONE, 0)).port).toBe(8786);
    await provider.release(next);
  });

  test('where there is no subnet, it is said how to make one', async () => {
    await expect(provider.prepare(cluster(), `${REGION}z`, 0)).rejects.toThrow(
      /no subnet in us-east-1z.*create-default-subnet --availability-zone us-east-1z/,
    );
  });
});
