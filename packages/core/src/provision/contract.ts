import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Offer } from '../plan/offer.ts';
import type { Boot, ClusterIdentity, LaunchBatch, Machine, Provider, Role } from './provider.ts';
import { ProviderError } from './provider.ts';

/** What every machine under test prints as it boots. */
export const UP = 'daskup: 0s up';

/** Bash for the machines under test, in place of Dask: says {@link UP} once, then lives until it is ended. */
export const TRIVIAL_BOOT = `echo '${UP}'\nsleep 600`;

/** A provider over an empty cloud, whose machines boot {@link TRIVIAL_BOOT}. */
export interface ProviderUnderTest {
  readonly provider: Provider;
  /** The same cloud, as a process sees it that has just started. */
  readonly restarted: () => Provider;
  /**
   * Launches in a process of its own, which is killed (SIGKILL) so many milliseconds after it asked; or, with
   * `answered`, once it has the answer.
   */
  readonly launchAndDie: (batch: LaunchBatch, when: number | 'answered') => Promise<void>;
  /** Ends every machine and forgets the cloud. */
  readonly close: () => Promise<void>;
}

/** Longer than any cloud under test takes to boot, to end or to list a machine; milliseconds. */
const PATIENCE_MS = 20_000;

/** When the machines under test are to end themselves, should a test fail to; milliseconds since 1970, UTC. */
const DEADLINE = Date.now() + 3_600_000;

/** What the comments of {@link Provider} promise, as tests that every provider must pass. `make` is called for each test. */
export function providerContract(name: string, make: () => Promise<ProviderUnderTest>): void {
  describe(`${name}: the provider's contract`, () => {
    let cloud: ProviderUnderTest;
    let provider: Provider;
    beforeEach(async () => {
      cloud = await make();
      provider = cloud.provider;
    });
    afterEach(() => cloud?.close());

    const region = () => provider.regions[0] ?? '';
    const identity = (clusterId = 'c1', installation = 'here'): ClusterIdentity => ({
      installation,
      clusterId,
      clusterName: `name-${clusterId}`,
      owner: 'ada',
      region: region(),
    });

    async function batchOf(
      count: number,
      { token = 'first', role = 'worker' as Role, cluster = identity(), moves = 0 } = {},
    ): Promise<LaunchBatch> {
      const ranked = cheapest(await provider.offers([region()]));
      const zone = await anyZone();
      const offers = ranked.filter((offer) => offer.zone === zone);
      const scheduler = await provider.prepare(cluster, zone, moves);
      const boot: Boot = {
        role,
        clusterName: cluster.clusterName,
        scheduler,
        ca: 'ca',
        identity: { cert: 'cert', key: 'key' },
        environment: { kind: 'managed' },
        expiresAt: DEADLINE,
        joinSeconds: 300,
        idleSeconds: 1200,
      };
      return {
        token,
        tags: { ...cluster, role, expiresAt: DEADLINE, token },
        count,
        market: 'on-demand',
        offers,
        diskGiB: 20,
        userTags: [],
        machineImage: null,
        boot,
      };
    }

    async function anyZone(): Promise<string> {
      return cheapest(await provider.offers([region()]))[0]?.zone ?? '';
    }

    /** Reads until it is so; what a cloud lists may lag. */
    async function listed(good: (machines: readonly Machine[]) => boolean, installation = 'here') {
      return until(() => provider.machines(installation), good);
    }
    const running = (count: number) => listed((list) => list.length === count && allAre('running')(list));

    /** The machines' logs, once each says that it is up. */
    function logsOf(machines: readonly Machine[]) {
      return Promise.all(
        machines.map(({ id }) =>
          until(
            () => provider.bootLog(id),
            (log) => log.includes(UP),
          ),
        ),
      );
    }

    describe('offers', () => {
      test('are of the regions asked for, have a price, and on-demand is always among them', async () => {
        const offers = await provider.offers([region()]);
        expect(offers.some(({ market }) => market === 'on-demand')).toBe(true);
        for (const offer of offers) {
          expect(offer).toMatchObject({ provider: provider.name, region: region() });
          expect(Number.isSafeInteger(offer.microsPerHour) && offer.microsPerHour > 0).toBe(true);
          expect(offer.vcpus).toBeGreaterThan(0);
          expect(offer.memoryGiB).toBeGreaterThan(0);
        }
        expect(await provider.offers([])).toEqual([]);
      });
    });

    describe('prepare and release', () => {
      test('a cluster has one place, whoever asks and however often', async () => {
        const asked = [provider, cloud.restarted(), provider, cloud.restarted()];
        const zone = await anyZone();
        const [first, ...others] = await Promise.all(asked.map((one) => one.prepare(identity(), zone, 0)));
        for (const other of [...others, await cloud.restarted().prepare(identity(), zone, 0)])
          expect(other).toEqual(first);
        expect(first?.port).not.toBe(first?.controlPort);
      });

      test('two clusters have two places, and releasing one leaves the other', async () => {
        const zone = await anyZone();
        const [one, two] = [
          await provider.prepare(identity('c1'), zone, 0),
          await provider.prepare(identity('c2'), zone, 0),
        ];
        expect(one.address).not.toBe(two.address);
        await provider.release(identity('c1'));
        await provider.release(identity('c1'));
        expect(await provider.prepare(identity('c2'), zone, 0)).toEqual(two);
      });

      test('releasing what was never prepared does no harm', async () => {
        await provider.release(identity('never'));
      });

      test('the scheduler boots where prepare said that it would, be it where the cluster has been before', async () => {
        await provider.prepare(identity(), await anyZone(), 0);
        await provider.release(identity());
        const batch = await batchOf(1, { role: 'scheduler', moves: 2 });
        await provider.launch(batch);
        const [scheduler] = await running(1);
        expect(scheduler?.address).toBe(batch.boot.scheduler.address);
      });
    });

    describe('launch', () => {
      test('one call makes many machines, each with an address of its own, and every one boots', async () => {
        const { machines, shortages } = await provider.launch(await batchOf(5));
        expect(shortages).toEqual([]);
        const up = await running(5);
        expect(idsOf(up)).toEqual(idsOf(machines));
        expect(new Set(up.map(({ address }) => address)).size).toBe(5);
        await logsOf(up);
      });

      test('a machine is never seen without its tags, its offer and the time of its launch', async () => {
        const batch = await batchOf(4);
        const before = Date.now();
        const launch = provider.launch(batch);
        const seen: Machine[] = [];
        const watched = listed((list) => {
          seen.push(...list);
          return list.length === 4 && allAre('running')(list);
        });
        seen.push(...(await launch).machines, ...(await watched));
        for (const machine of seen) {
          expect(machine.tags).toEqual(batch.tags);
          expect(batch.offers).toContainEqual(machine.offer);
          expect(machine).toMatchObject({ endedAt: null, endReason: '', reclaimed: false });
          // Clocks differ a little between here and a cloud.
          expect(Math.abs(machine.launchedAt - before)).toBeLessThan(PATIENCE_MS);
          expect(machine.runningAt !== null || machine.state === 'pending').toBe(true);
        }
      });

      test('again with the same token: the same machines, from another process too, and none boots twice', async () => {
        const first = await provider.launch(await batchOf(3));
        const again = await cloud.restarted().launch(await batchOf(3));
        expect(idsOf(again.machines)).toEqual(idsOf(first.machines));
        const logs = await logsOf(await running(3));
        const third = await provider.launch(await batchOf(3));
        expect(idsOf(third.machines)).toEqual(idsOf(first.machines));
        await delay(200);
        expect(await provider.machines('here')).toHaveLength(3);
        for (const log of logs) expect(log.split(UP)).toHaveLength(2);
      });

      test('a batch that was stored and read back is the same batch, in whatever order its fields came', async () => {
        const batch = await batchOf(2);
        const first = await provider.launch(batch);
        const again = await cloud.restarted().launch(reordered(batch));
        expect(idsOf(again.machines)).toEqual(idsOf(first.machines));
      });

      test('the same token from two processes at once makes one set of machines', async () => {
        const batch = await batchOf(3);
        const launches = await Promise.all([provider, cloud.restarted()].map((one) => one.launch(batch)));
        const up = await running(3);
        for (const { machines } of launches) expect(idsOf(machines)).toEqual(idsOf(up));
        for (const log of await logsOf(up)) expect(log.split(UP)).toHaveLength(2);
      });

      test.each<[string, (batch: LaunchBatch) => LaunchBatch]>([
        ['count', (batch) => ({ ...batch, count: batch.count + 1 })],
        ['boot', (batch) => ({ ...batch, boot: { ...batch.boot, idleSeconds: batch.boot.idleSeconds + 1 } })],
        ['cluster', (batch) => ({ ...batch, tags: { ...batch.tags, clusterId: 'c9' } })],
      ])('a token is refused with another %s, and nothing is launched', async (_, other) => {
        const batch = await batchOf(1);
        await provider.launch(batch);
        await running(1);
        await expect(provider.launch(other(batch))).rejects.toThrow(ProviderError);
        expect(await provider.machines('here')).toHaveLength(1);
      });

      test('another token makes other machines', async () => {
        const one = await provider.launch(await batchOf(1, { token: 'one' }));
        const two = await provider.launch(await batchOf(1, { token: 'two' }));
        expect(idsOf(await running(2))).toEqual(idsOf([...one.machines, ...two.machines]));
      });

      test.each([0, 4, 15, 40])(
        'killed %d ms into a launch, the next process finishes it: no machine more or less',
        async (ms) => {
          const batch = await batchOf(4);
          await cloud.launchAndDie(batch, ms);
          provider = cloud.restarted();
          const { machines } = await provider.launch(batch);
          expect(machines).toHaveLength(4);
          const up = await running(4);
          expect(idsOf(up)).toEqual(idsOf(machines));
          for (const log of await logsOf(up)) expect(log.split(UP)).toHaveLength(2);
        },
      );

      test('machines outlive the process that asked for them, and another ends them', async () => {
        await cloud.launchAndDie(await batchOf(2), 'answered');
        provider = cloud.restarted();
        const up = await running(2);
        await logsOf(up);
        await provider.terminate(up.map(({ id }) => id));
        await listed(allAre('terminated'));
      });
    });

    describe('machines', () => {
      test('shows an installation its own and no other', async () => {
        await provider.launch(await batchOf(1, { token: 'mine' }));
        await provider.launch(await batchOf(1, { token: 'theirs', cluster: identity('c2', 'elsewhere') }));
        const [mine] = await listed((list) => list.length > 0);
        const [theirs] = await listed((list) => list.length > 0, 'elsewhere');
        expect([mine?.tags.clusterId, theirs?.tags.clusterId]).toEqual(['c1', 'c2']);
        expect(await provider.machines('here')).toHaveLength(1);
        expect(await provider.machines('nowhere')).toEqual([]);
      });

      test('shows whoever names no installation all there are', async () => {
        await provider.launch(await batchOf(1, { token: 'mine' }));
        await provider.launch(await batchOf(1, { token: 'theirs', cluster: identity('c2', 'elsewhere') }));
        const all = await until(
          () => cloud.restarted().machines(),
          (list) => list.length === 2,
        );
        expect(all.map(({ tags }) => tags.installation).toSorted()).toEqual(['elsewhere', 'here']);
      });
    });

    describe('terminate', () => {
      test('ends those that were named, with a time and a reason, and leaves the others', async () => {
        await provider.launch(await batchOf(3));
        const [one, two, three] = await running(3);
        const before = Date.now();
        await provider.terminate([one?.id ?? '', two?.id ?? '']);
        const list = await listed((machines) => machines.filter(({ state }) => state === 'terminated').length === 2);
        for (const machine of list.filter(({ id }) => id !== three?.id)) {
          expect(machine.endedAt).toBeGreaterThanOrEqual(before - 1_000);
          expect(machine.endReason).not.toBe('');
        }
        expect(list.find(({ id }) => id === three?.id)).toMatchObject({ state: 'running', endedAt: null });
      });

      test('twice, or of machines that nobody knows, does no harm; an end once seen stays as it was', async () => {
        await provider.launch(await batchOf(2));
        const [one] = await running(2);
        await provider.terminate([one?.id ?? '', 'i-0123456789abcdef0', '../..', '']);
        const ended = (list: readonly Machine[]) => list.find(({ id }) => id === one?.id);
        const first = ended(await listed((list) => ended(list)?.state === 'terminated'));
        await delay(50);
        await cloud.restarted().terminate([one?.id ?? '']);
        await provider.terminate([]);
        expect(ended(await provider.machines('here'))).toEqual(first);
        expect((await provider.machines('here')).filter(({ state }) => state === 'running')).toHaveLength(1);
      });

      test('what has ended does not come back when its launch is asked for again', async () => {
        const batch = await batchOf(2);
        const { machines } = await provider.launch(batch);
        await provider.terminate(machines.map(({ id }) => id));
        await listed(allAre('terminated'));
        await cloud.restarted().launch(batch);
        await delay(200);
        expect((await provider.machines('here')).every(({ state }) => state === 'terminated')).toBe(true);
      });
    });

    describe('boot log', () => {
      test('can be read while the machine lives and after it has ended', async () => {
        await provider.launch(await batchOf(1));
        const up = await running(1);
        const [living] = await logsOf(up);
        await provider.terminate(up.map(({ id }) => id));
        await listed(allAre('terminated'));
        expect(await cloud.restarted().bootLog(up[0]?.id ?? '')).toBe(living);
      });

      test.each(['i-0123456789abcdef0', '..', ''])('of a machine that nobody knows (%j) is empty', async (id) => {
        expect(await provider.bootLog(id)).toBe('');
      });
    });

    test('check finds all in order where all is in order', async () => {
      const findings = await provider.check({ kind: 'managed' }, region());
      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      for (const { message } of findings) expect(message).not.toBe('');
    });
  });
}

/** The on-demand offers, cheapest first. */
function cheapest(offers: readonly Offer[]): readonly Offer[] {
  return offers
    .filter(({ market }) => market === 'on-demand')
    .toSorted((a, b) => a.microsPerHour - b.microsPerHour)
    .slice(0, 3);
}

function idsOf(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ id }) => id).toSorted();
}

function allAre(state: Machine['state']) {
  return (machines: readonly Machine[]) => machines.every((machine) => machine.state === state);
}

/** The same value with the fields of every object the other way round, as a database's JSON may give them back. */
function reordered<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toReversed())
      : part,
  ) as T;
}

async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (true) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`After ${PATIENCE_MS / 1000} s it is still ${JSON.stringify(value)}`);
    await delay(20);
  }
}
