import type { Cluster } from '@daskup/core/state/cluster';
import type { KeptEnvironment, Store, Write } from '@daskup/core/state/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cluster, ended, entry, event, machine, offer, START } from './testing/sample.ts';

/**
 * What every {@link Store} must do, as tests. `open` is called once for all of them; each test keeps to cluster names and
 * times of its own, so that a store that takes a second to open is opened once.
 */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name}: the store's contract`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    async function created(name: string, changes: Partial<Cluster> = {}): Promise<Cluster> {
      const made = cluster(name, changes);
      expect(await store.create(made, [])).toBe(true);
      return made;
    }
    const write = (of: Cluster, what: Write) => store.commit(of.id, () => what);
    const leased = async (...by: Parameters<Store['lease']>) => (await store.lease(...by)).map(({ id }) => id);

    test('says which installation it is', () => {
      expect(store.installation).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });

    describe('create', () => {
      test('keeps a cluster whole, with its first events', async () => {
        const full = cluster('whole', {
          endpoint: { address: '127.0.0.9', port: 8786, controlPort: 8790 },
          launches: [
            { token: 'a1', role: 'worker', market: 'spot', count: 2, offers: [offer], expiresAt: START + 3_600_000 },
          ],
          clientAt: START + 1,
          surplusSince: START + 2,
        });
        expect(await store.create(full, [event(full, 'asked for')])).toBe(true);
        expect(await store.cluster('whole')).toEqual(full);
        expect(await store.events(full.id)).toMatchObject([event(full, 'asked for')]);
      });

      test('refuses a name that a live cluster has, and writes nothing', async () => {
        const first = await created('taken');
        const second = cluster('taken', { id: 'taken-2' });
        expect(await store.create(second, [event(second, 'asked for')])).toBe(false);
        expect(await store.cluster('taken')).toEqual(first);
        expect(await store.events('taken-2')).toEqual([]);
      });

      test('makes the same cluster once', async () => {
        const one = cluster('once');
        expect(await store.create(one, [event(one, 'asked for')])).toBe(true);
        expect(await store.create(one, [event(one, 'asked for')])).toBe(false);
        expect(await store.events(one.id)).toHaveLength(1);
      });

      test('takes a name again once its cluster has ended', async () => {
        const first = await created('again');
        await write(first, { cluster: ended(first) });
        const second = await created('again', { id: 'again-2' });
        expect(await store.cluster('again')).toEqual(second);
      });

      test('lets one of two at once win', async () => {
        const two = [cluster('race', { id: 'race-1' }), cluster('race', { id: 'race-2' })];
        const won = await Promise.all(two.map((one) => store.create(one, [])));
        expect(won.toSorted()).toEqual([false, true]);
        expect(await store.cluster('race')).toEqual(two[won.indexOf(true)]);
      });
    });

    describe('commit', () => {
      test('changes the cluster as it is now, and returns it', async () => {
        const one = await created('change');
        await store.commit(one.id, (now) => ({ cluster: { ...now, attempt: now.attempt + 1 } }));
        const after = await store.commit(one.id, (now) => ({ cluster: { ...now, attempt: now.attempt + 1 } }));
        expect(after).toEqual({ ...one, attempt: 2 });
        expect(await store.cluster('change')).toEqual(after);
      });

      test('writes machines, ledger and events beside an unchanged cluster', async () => {
        const one = await created('beside');
        const worker = machine('beside-w', one);
        const used = entry('beside-w', START + 500_000, START + 501_000);
        expect(await write(one, { machines: [worker], ledger: [used], events: [event(one, 'a worker')] })).toEqual(one);
        expect(await store.machines([one.id])).toEqual([worker]);
        expect(await store.ledger({ from: START + 500_000, to: START + 501_000 })).toEqual([used]);
        expect(await store.events(one.id)).toMatchObject([event(one, 'a worker')]);
      });

      test('loses nothing when many commit at once', async () => {
        const one = await created('many');
        await Promise.all(
          Array.from({ length: 10 }, () =>
            store.commit(one.id, (now) => ({ cluster: { ...now, attempt: now.attempt + 1 } })),
          ),
        );
        expect((await store.cluster('many'))?.attempt).toBe(10);
      });

      test('writes nothing for a cluster that is not there', async () => {
        const nobody = cluster('nobody');
        expect(await write(nobody, { cluster: nobody, machines: [machine('nobody-w', nobody)] })).toBeUndefined();
        expect(await store.cluster('nobody')).toBeUndefined();
        expect(await store.machines([nobody.id])).toEqual([]);
      });

      test('writes nothing when deciding fails, and passes the failure on', async () => {
        const one = await created('undecided');
        const failure = new Error('cannot go from ready to starting');
        const deciding = store.commit(one.id, () => {
          throw failure;
        });
        await expect(deciding).rejects.toBe(failure);
        expect(await store.cluster('undecided')).toEqual(one);
        expect(await write(one, { events: [event(one, 'goes on')] })).toEqual(one);
      });

      test('holds to the lease when one is given, up to but not at its end', async () => {
        const one = await created('leased');
        const grow = (now: Cluster): Write => ({ cluster: { ...now, attempt: now.attempt + 1 } });
        expect(await store.commit(one.id, grow, { holder: 'a', now: 1000 })).toBeUndefined();
        await store.lease('a', 1000, 2000);
        expect(await store.commit(one.id, grow, { holder: 'b', now: 1000 })).toBeUndefined();
        expect(await store.commit(one.id, grow, { holder: 'a', now: 2000 })).toBeUndefined();
        expect(await store.commit(one.id, grow, { holder: 'a', now: 1999 })).toMatchObject({ attempt: 1 });
        expect(await store.commit(one.id, grow)).toMatchObject({ attempt: 2 });
        await store.unlease('a');
        expect(await store.commit(one.id, grow, { holder: 'a', now: 1999 })).toBeUndefined();
      });

      test('keeps text that a database cannot hold as it can', async () => {
        const one = await created('odd');
        await write(one, { events: [event(one, 'boot log: \0 and \ud800 and "quoted" \\ 😀')] });
        expect(await store.events(one.id)).toHaveLength(1);
        expect((await store.events(one.id))[0]?.text).toContain('and "quoted" \\ 😀');
      });
    });

    describe('lease', () => {
      test('gives a cluster to one holder until it is over, and renews', async () => {
        const { id } = await created('hold');
        expect(await leased('h1', 5000, 6000)).toContain(id);
        expect(await leased('h2', 5999, 7000)).not.toContain(id);
        expect(await leased('h1', 5999, 6500)).toContain(id);
        expect(await leased('h2', 6499, 7000)).not.toContain(id);
        expect(await leased('h2', 6500, 7000)).toContain(id);
        await store.unlease('h2');
        expect(await leased('h1', 6500, 7000)).toContain(id);
        await store.unlease('h1');
      });

      test('is renewed once less than half of it is left, and kept as it is before', async () => {
        const { id } = await created('half');
        await store.lease('h1', 5000, 6000);
        expect(await leased('h1', 5499, 6499)).toContain(id);
        expect(await leased('h2', 6000, 7000)).toContain(id);
        await store.unlease('h2');
        await store.lease('h1', 5000, 6000);
        expect(await leased('h1', 5500, 6500)).toContain(id);
        expect(await leased('h2', 6000, 7000)).not.toContain(id);
        await store.unlease('h1');
      });

      test('gives nobody what they cannot reach', async () => {
        const anywhere = await created('reach-cloud', { provider: 'aws' });
        const elsewhere = await created('reach-there', { home: 'there' });
        const here = await created('reach-here', { home: 'here' });
        const unbound = await created('reach-old');
        const mine = async (holder: string, reach?: Parameters<Store['lease']>[3]) => {
          const ids = (await leased(holder, 5000, 6000, reach)).filter((id) => id.startsWith('reach-')).toSorted();
          await store.unlease(holder);
          return ids;
        };
        expect(await mine('none', [])).toEqual([]);
        expect(await mine('cloud', [{ name: 'aws' }])).toEqual([anywhere.id]);
        expect(await mine('homeless', [{ name: 'local' }])).toEqual([unbound.id]);
        expect(await mine('there', [{ name: 'local', home: 'there' }])).toEqual([unbound.id, elsewhere.id]);
        const all = [anywhere.id, here.id, unbound.id];
        expect(await mine('here', [{ name: 'aws' }, { name: 'local', home: 'here' }])).toEqual(all);
        expect(await mine('any')).toEqual([anywhere.id, here.id, unbound.id, elsewhere.id]);
      });

      test('leaves out what has ended', async () => {
        const one = await created('over');
        await write(one, { cluster: ended(one) });
        expect(await leased('h', 0, 1000)).not.toContain(one.id);
        await store.unlease('h');
      });

      test('returns the clusters whole', async () => {
        const one = await created('hold-whole');
        expect(await store.lease('h', 0, 1000)).toContainEqual(one);
        await store.unlease('h');
      });

      test('unlease leaves other holders alone', async () => {
        const { id } = await created('other');
        await store.lease('h1', 0, 1000);
        await store.unlease('h2');
        expect(await leased('h2', 0, 1000)).not.toContain(id);
        await store.unlease('h1');
      });
    });

    describe('clusters', () => {
      test('come newest first, live ones alone when asked', async () => {
        const old = await created('list-a', { createdAt: START + 1000 });
        const young = await created('list-b', { createdAt: START + 2000 });
        await write(young, { cluster: ended(young) });
        const mine = (all: readonly Cluster[]) => all.filter(({ spec }) => spec.name.startsWith('list-'));
        expect(mine(await store.clusters())).toEqual([ended(young), old]);
        expect(mine(await store.clusters({ live: true }))).toEqual([old]);
      });

      test('by name: the live one, else the last', async () => {
        const first = await created('named', { createdAt: START + 2000 });
        await write(first, { cluster: ended(first) });
        const second = await created('named', { id: 'named-2', createdAt: START + 1000 });
        expect(await store.cluster('named')).toEqual(second);
        await write(second, { cluster: ended(second) });
        expect(await store.cluster('named')).toEqual(ended(first));
        expect(await store.cluster('never')).toBeUndefined();
      });
    });

    describe('machines', () => {
      test('are replaced by id, and come by launch', async () => {
        const one = await created('fleet');
        const later = machine('fleet-a', one, { launchedAt: START + 1 });
        const sooner = machine('fleet-b', one, { role: 'scheduler' });
        await write(one, { machines: [later, sooner] });
        const gone = { ...later, state: 'terminated', endedAt: START + 9, endReason: 'reclaimed' } as const;
        await write(one, { machines: [gone] });
        expect(await store.machines([one.id])).toEqual([sooner, gone]);
        const live = (await store.liveMachines()).filter(({ clusterId }) => clusterId === one.id);
        expect(live).toEqual([sooner]);
      });

      test('the last of two records of one machine in one write counts', async () => {
        const one = await created('twice');
        await write(one, { machines: [machine('twice-w', one), machine('twice-w', one, { address: '127.0.0.7' })] });
        expect(await store.machines([one.id])).toEqual([machine('twice-w', one, { address: '127.0.0.7' })]);
      });

      test('of several clusters at once, and of none', async () => {
        const [a, b] = [await created('several-a'), await created('several-b')];
        await write(a, { machines: [machine('several-1', a)] });
        await write(b, { machines: [machine('several-2', b)] });
        expect(await store.machines([a.id, b.id])).toEqual([machine('several-1', a), machine('several-2', b)]);
        expect(await store.machines([])).toEqual([]);
      });

      test('five thousand in one write', async () => {
        const one = await created('burst');
        const all = Array.from({ length: 5000 }, (_, i) => machine(`burst-${String(i).padStart(4, '0')}`, one));
        await write(one, { machines: all });
        expect(await store.machines([one.id])).toEqual(all);
        await write(one, { cluster: ended(one), machines: all.map((m) => ({ ...m, state: 'terminated' as const })) });
      });
    });

    describe('events', () => {
      test('come oldest first, after a given one, each cluster alone', async () => {
        const [one, other] = [await created('news'), await created('news-other')];
        await write(one, { events: [event(one, 'first'), event(one, 'second', { level: 'warning' })] });
        await write(other, { events: [event(other, 'elsewhere')] });
        await write(one, { events: [event(one, 'third', { at: START - 1 })] });
        const all = await store.events(one.id);
        expect(all.map(({ text }) => text)).toEqual(['first', 'second', 'third']);
        expect(all[1]).toEqual({ ...event(one, 'second', { level: 'warning' }), seq: all[1]?.seq });
        const after = await store.events(one.id, all[0]?.seq);
        expect(after.map(({ text }) => text)).toEqual(['second', 'third']);
        expect(await store.events(one.id, all[2]?.seq)).toEqual([]);
        expect(await store.lastEvent(one.id)).toBe(all[2]?.seq);
      });

      test('have no last one before there is any', async () => {
        const one = await created('no-news');
        expect(await store.lastEvent(one.id)).toBe(0);
      });
    });

    describe('environments', () => {
      const kept = (name: string, change: Partial<KeptEnvironment> = {}): KeptEnvironment => ({
        name,
        environment: { kind: 'requirements', text: 'dask==2026.8.0\n# größer "als" \\ 1\n', python: null },
        keptBy: 'ada',
        keptAt: START,
        ...change,
      });

      test('are kept by name, each once, and the last counts', async () => {
        await store.keepEnvironment(kept('Zoo'));
        await store.keepEnvironment(kept('etl'));
        await store.keepEnvironment(kept('analysis'));
        const environment = { kind: 'requirements', text: 'dask\n', python: { from: 12, to: 13 } } as const;
        const later = kept('etl', { environment, keptBy: 'bob', keptAt: START + 1 });
        await store.keepEnvironment(later);
        // By code, whatever language the database sorts by.
        expect(await store.environments()).toEqual([kept('Zoo'), kept('analysis'), later]);
        expect(await store.forgetEnvironment('etl')).toBe(true);
        expect(await store.forgetEnvironment('etl')).toBe(false);
        expect(await store.environments()).toEqual([kept('Zoo'), kept('analysis')]);
      });

      test('may have text that a database cannot hold as it is', async () => {
        const environment = { kind: 'requirements', text: 'dask \0 and \ud800\n', python: null } as const;
        await store.keepEnvironment(kept('odd', { environment }));
        expect((await store.environments()).map(({ name }) => name)).toContain('odd');
      });

      test('do not touch the clusters that were made with them', async () => {
        const { environment } = kept('copied');
        const one = await created('copied', { spec: { ...cluster('copied').spec, environment } });
        await store.keepEnvironment(kept('copied'));
        await store.forgetEnvironment('copied');
        expect((await store.cluster('copied'))?.spec).toEqual(one.spec);
      });

      test('of a spec are kept whole, of whatever kind', async () => {
        const versions = { dask: '2026.8.0', msgpack: '1.2.4' };
        for (const environment of [
          { kind: 'managed' },
          { kind: 'client', interpreter: '/venv/bin/python', python: 12, versions },
          { kind: 'python', path: '/usr/bin/python3' },
          { kind: 'requirements', text: 'dask\n', python: { from: 11, to: null } },
          { kind: 'container', reference: 'ghcr.io/org/name:tag' },
        ] as const) {
          const name = `of-${environment.kind}`;
          const spec = { ...cluster(name).spec, environment, machineImage: 'ami-0123456789abcdef0' };
          const one = await created(name, { spec });
          expect((await store.cluster(name))?.spec).toEqual(one.spec);
        }
      });
    });

    describe('ledger', () => {
      test('keeps the first entry of a machine and moment', async () => {
        const one = await created('paid');
        const from = START + 10_000_000;
        const [first, second] = [entry('paid-w', from, from + 5000), entry('paid-w', from + 5000, from + 6000)];
        await write(one, { ledger: [first, { ...first, micros: 999 }] });
        await write(one, { ledger: [{ ...first, micros: 999 }, second] });
        expect(await store.ledger({ from, to: from + 9000 })).toEqual([first, second]);
      });

      test('holds sums beyond 32 bits', async () => {
        const one = await created('dear');
        const from = START + 20_000_000;
        const dear = entry('dear-w', from, from + 1, { micros: Number.MAX_SAFE_INTEGER, microsPerHour: 2 ** 40 });
        await write(one, { ledger: [dear] });
        expect(await store.ledger({ from, to: from + 1 })).toEqual([dear]);
      });

      test('gives what overlaps a period, whose end is outside', async () => {
        const one = await created('overlap');
        const t = START + 30_000_000;
        const [before, across, at, after] = [
          entry('overlap-before', t - 2000, t),
          entry('overlap-across', t - 1000, t + 1000),
          entry('overlap-at', t, t),
          entry('overlap-after', t + 2000, t + 3000),
        ];
        await write(one, { ledger: [after, at, across, before] });
        // A machine that ended the moment it ran is billed the cloud's minimum: it must be in one period, and in one only.
        expect(await store.ledger({ from: t, to: t + 2000 })).toEqual([across, at]);
        expect(await store.ledger({ from: t - 1500, to: t })).toEqual([before, across]);
      });
    });
  });
}
