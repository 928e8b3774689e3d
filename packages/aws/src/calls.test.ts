import { setTimeout as delay } from 'node:timers/promises';
import type { LaunchBatch, Machine } from '@daskup/core/provision/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Account, REGION } from './testing/account.ts';

// How many calls a cluster takes, as EC2 counts them and under its throttles.
const SIZES = [10, 100, 1000];
const ZONE = `${REGION}a`;

let account: Account;
beforeAll(async () => {
  account = await Account.open({ hollow: 'daskup:role=worker' });
});
afterAll(() => account?.close());

const sum = (calls: Readonly<Record<string, number>>) => Object.values(calls).reduce((a, b) => a + b, 0);

test.each(['public', 'private'])(
  'in network %s a cluster takes at most 12 calls on a fresh account, and 6 once its network is there, whatever its size',
  async (network) => {
    const isPublic = network === 'public';
    const before = account.provider('sleep 600', { isPublic });
    const offers = (await before.offers([REGION])).filter(({ zone }) => zone === ZONE);
    const some = (market: string, types: readonly string[]) =>
      offers.filter((offer) => offer.market === market && types.includes(offer.type));
    const counts: number[] = [];
    for (const size of SIZES) {
      // A process that has just started, with its prices kept.
      const provider = account.provider('sleep 600', { isPublic, home: network });
      await provider.offers([REGION]);
      account.calls();
      const cluster = {
        installation: network,
        clusterId: `${network}-${size}`,
        clusterName: 'etl',
        owner: 'ada',
        region: REGION,
      };
      const problems = (await provider.check({ kind: 'managed' }, REGION)).filter(({ ok }) => !ok);
      expect(problems).toEqual([]);
      const scheduler = await provider.prepare(cluster, ZONE, 0);
      const batch = (role: 'scheduler' | 'worker', count: number, token: string): LaunchBatch => {
        const market = role === 'worker' ? 'spot' : 'on-demand';
        const life = { expiresAt: 1_900_000_000_000, joinSeconds: 1, idleSeconds: 1, environment: { kind: 'managed' } };
        const boot = { role, clusterName: 'etl', scheduler, ca: '', identity: { cert: '', key: '' }, ...life };
        return {
          token,
          tags: { ...cluster, role, expiresAt: life.expiresAt, token },
          count,
          market,
          offers: some(market, ['c7g.large', 'm7g.large', 'c6g.large', 'm6g.large', 't4g.small']),
          diskGiB: 20,
          userTags: [],
          machineImage: null,
          boot,
        } as LaunchBatch;
      };
      const machines: Machine[] = [];
      machines.push(...(await provider.launch(batch('scheduler', 1, `s-${network}-${size}`))).machines);
      for (let tries = 0; machines.length <= size; tries++) {
        const result = await provider.launch(
          batch('worker', size + 1 - machines.length, `w-${network}-${size}-${tries}`),
        );
        machines.push(...result.machines);
        if (result.shortages.length > 0) await delay(1_000);
      }
      counts.push(sum(account.calls()));

      await provider.terminate(machines.map(({ id }) => id));
      const { TerminateInstances: ends = 0, ...rest } = account.calls();
      expect(rest).toEqual({});
      // One more than EC2 ends at once may have to be asked for twice.
      const batches = Math.ceil((size + 1) / 500);
      expect([batches, batches + 1]).toContain(ends);
      while ((await provider.machines(network)).some(({ state }) => state !== 'terminated')) await delay(100);
      await provider.release(cluster);
      // All throttles are as if nothing had been asked for an hour.
      account.ec2.control.advance(3_600_000);
    }
    const [first = 0, ...others] = counts;
    expect(first).toBeLessThanOrEqual(12);
    for (const count of others) expect(count).toBeLessThanOrEqual(6);
    expect(account.ec2.control.state()).toMatchObject({ interfaces: [], templates: [], addresses: [] });
  },
);
