import { expect, test } from 'vitest';
import { Daskup } from '../daskup.ts';
import { type Offer, poolOf } from '../plan/offer.ts';
import type { ClusterIdentity, LaunchBatch, LaunchResult, Role } from '../provision/provider.ts';
import { MemoryStore } from '../state/memory.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';
import { Loop } from './loop.ts';

/** Two regions of two zones each, some of whose pools are empty. Tells what was made and given up, in order. */
class TwoRegions extends PretendCloud {
  override readonly regions = ['us-west-1', 'eu-west-2'];
  readonly story: string[] = [];
  /** How often it had moved before each of its places. */
  readonly moves: number[] = [];
  /** Pools, as `role region/zone`, whose names contain one of these have nothing. */
  empty: readonly string[] = [];
  /** For how many workers there is room in all. */
  workers = Number.POSITIVE_INFINITY;

  override async offers() {
    const offers = await super.offers();
    return this.regions.flatMap((region, i) =>
      ['a', 'b'].flatMap((zone) =>
        offers.map((offer): Offer => {
          const microsPerHour = offer.microsPerHour + 1_000 * i;
          return { ...offer, region, zone: region + zone, type: `m.${zone}`, microsPerHour };
        }),
      ),
    );
  }

  override async prepare(_cluster?: ClusterIdentity, zone = '', moves = 0) {
    this.story.push(`prepare ${zone}`);
    this.moves.push(moves);
    return super.prepare();
  }

  override async release(cluster?: ClusterIdentity) {
    this.story.push(`release ${cluster?.region}, ${this.alive().length} alive`);
  }

  override async launch(batch: LaunchBatch): Promise<LaunchResult> {
    const { role } = batch.boot;
    const open = batch.offers.filter(({ zone }) => !this.empty.some((part) => `${role} ${zone}`.includes(part)));
    const room = role === 'worker' ? this.workers - this.alive('worker').length : 1;
    const count = open.length === 0 ? 0 : Math.min(batch.count, room);
    const shut = count < batch.count ? batch.offers : batch.offers.filter((offer) => !open.includes(offer));
    const shortages = shut.map((offer) => ({
      kind: 'capacity' as const,
      pool: poolOf(offer),
      message: `${offer.zone} is full`,
    }));
    if (count === 0) return { machines: [], shortages };
    const { machines } = await super.launch({ ...batch, offers: open, count });
    return { machines, shortages };
  }

  zonesOf(role: Role): readonly string[] {
    return [...new Set(this.alive(role).map(({ offer }) => offer.zone))];
  }
}

function world(empty: readonly string[], market: 'spot' | 'spot-only' = 'spot') {
  const cloud = new TwoRegions();
  cloud.empty = empty;
  const store = new MemoryStore('here');
  const shared = { store, providers: [cloud], control: cloud, now: () => cloud.now, log: () => {} };
  const daskup = new Daskup({
    ...shared,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => '',
    environmentProblem: () => null,
    holder: 'one',
    reclaim: async () => {},
    newId: () => (ids++ === 0 ? 'id' : `id-${ids}`),
    random: () => 0.5,
    sleep: async () => {},
  });
  const patient = { ...shared, changed: () => {}, wake: () => {}, sleep: () => new Promise<void>(() => {}) };
  let ids = 0;
  let loop = new Loop({ ...patient, holder: 'one' });
  return {
    cloud,
    up: async (name = 'etl') => {
      const request = { name, workers: { min: 3, max: 3 }, market, regions: cloud.regions };
      const answers = daskup.perform({ verb: 'up', request }, { user: 'ada', environment: null });
      await answers.next();
      await answers.return(undefined);
    },
    down: async (name: string) => {
      const answers = daskup.perform({ verb: 'down', target: { name } }, { user: 'ada', environment: null });
      await answers.next();
      await answers.return(undefined);
    },
    passes: async (count: number) => {
      for (let i = 0; i < count; i++) {
        cloud.tick(1_003);
        await loop.pass();
      }
    },
    /** Another process takes over, knowing only what was stored. */
    restart: () => {
      cloud.now += 20_000;
      loop = new Loop({ ...patient, holder: 'two' });
    },
    cluster: async () => (await store.clusters())[0],
    told: async () => (await store.events('id')).map(({ text }) => text),
    ledgerMicros: async () => {
      const entries = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER });
      return entries.reduce((sum, entry) => sum + entry.micros, 0);
    },
  };
}

test('a cluster is in one zone of the cheapest region', async () => {
  const w = world([]);
  await w.up();
  await w.passes(4);
  expect((await w.cluster())?.state.phase).toBe('ready');
  expect(w.cloud.story).toEqual(['prepare us-west-1a']);
  expect([w.cloud.zonesOf('scheduler'), w.cloud.zonesOf('worker')]).toEqual([['us-west-1a'], ['us-west-1a']]);
});

test('workers that find no room in its zone go to the next, and the scheduler stays', async () => {
  const w = world(['worker us-west-1a']);
  await w.up();
  await w.passes(6);
  expect((await w.cluster())?.state.phase).toBe('ready');
  expect([w.cloud.zonesOf('scheduler'), w.cloud.zonesOf('worker')]).toEqual([['us-west-1a'], ['us-west-1b']]);
});

test('a cluster without room for a worker goes whole to the next region, and leaves nothing behind', async () => {
  const w = world(['worker us-west-1']);
  await w.up();
  await w.passes(14);
  expect(await w.cluster()).toMatchObject({ state: { phase: 'ready' }, region: 'eu-west-2', moveTo: null });
  expect(w.cloud.story).toEqual(['prepare us-west-1a', 'release us-west-1, 0 alive', 'prepare eu-west-2a']);
  expect(w.cloud.moves).toEqual([0, 1]);
  expect([w.cloud.zonesOf('scheduler'), w.cloud.zonesOf('worker')]).toEqual([['eu-west-2a'], ['eu-west-2a']]);
  expect(await w.told()).toContain('no room for 3 workers in us-west-1: moving to eu-west-2');
});

test('a cluster without room for its scheduler goes to another zone', async () => {
  const w = world(['scheduler us-west-1a']);
  await w.up();
  await w.passes(10);
  expect((await w.cluster())?.state.phase).toBe('ready');
  expect(w.cloud.story).toEqual(['prepare us-west-1a', 'release us-west-1, 0 alive', 'prepare us-west-1b']);
});

test('a cluster that got some of its workers stays, though none has joined', async () => {
  const w = world([]);
  w.cloud.workers = 2;
  w.cloud.fault = { ...w.cloud.fault, silent: true };
  await w.up();
  await w.passes(20);
  expect(w.cloud.story).toEqual(['prepare us-west-1a']);
  expect(w.cloud.zonesOf('worker')).toEqual(['us-west-1a']);
});

test('whoever takes over on the way finishes the move, and all that ran is paid for', async () => {
  for (let before = 1; before < 9; before++) {
    const w = world(['worker us-west-1'], 'spot-only');
    await w.up();
    await w.passes(before);
    w.restart();
    await w.passes(14);
    const cluster = await w.cluster();
    expect(cluster, `after ${before} passes`).toMatchObject({ state: { phase: 'ready' }, region: 'eu-west-2' });
    await w.cloud.terminate(w.cloud.alive().map(({ id }) => id));
    await w.passes(4);
    expect(await w.ledgerMicros(), `after ${before} passes`).toBe(w.cloud.meter());
  }
});

test('where no worker can be, a cluster makes no scheduler either, and waits for what was not asked for no longer', async () => {
  const w = world(['worker'], 'spot-only');
  await w.up();
  await w.passes(30);
  await w.down('etl');
  await w.passes(4);
  await w.up('second');
  await w.passes(10);
  expect(w.cloud.alive()).toEqual([]);
  await w.down('second');
  await w.passes(2);
  expect((await w.cluster())?.state.phase).toBe('ended');
});

test('a cluster that finds no room anywhere keeps trying where it is best, until its time is over', async () => {
  const w = world(['worker']);
  await w.up();
  await w.passes(30);
  expect((await w.cluster())?.state.phase).toBe('starting');
  w.cloud.empty = [];
  await w.passes(200);
  expect((await w.cluster())?.state.phase).toBe('ready');
});
