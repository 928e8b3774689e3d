import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import type { Answer } from './answer.ts';
import type { Command } from './command/command.ts';
import { Daskup } from './daskup.ts';
import { Loop } from './loop/loop.ts';
import { makeName } from './spec/name.ts';
import { MemoryStore } from './state/memory.ts';
import { CALM, CREDENTIALS, type Fault, PretendCloud } from './testing/pretend-cloud.ts';

const ASKER = { user: 'ada', environment: null };

function world(random = () => 0.5) {
  const cloud = new PretendCloud();
  const store = new MemoryStore('here');
  let ids = 0;
  const shared = { store, providers: [cloud], control: cloud, now: () => cloud.now, log: () => {} };
  // A pass here waits for everything it began.
  const patient = { ...shared, changed: () => {}, wake: () => {}, sleep: () => new Promise<void>(() => {}) };
  const daskup = new Daskup({
    ...shared,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => '',
    environmentProblem: () => null,
    holder: 'one',
    reclaim: async () => {},
    newId: () => `id-${ids++}`,
    random,
    sleep: async () => {},
  });
  let loop = new Loop({ ...patient, holder: 'one' });
  let holder = 0;
  return {
    cloud,
    store,
    /** What a command answers at once; `up`, `down` and `scale` then go on as the cluster does. */
    say: async (command: Command): Promise<Answer | undefined> => {
      const answers = daskup.perform(command, ASKER);
      const { value } = await answers.next();
      await answers.return(undefined);
      return value;
    },
    passes: async (count: number, ms = 1_003) => {
      for (let i = 0; i < count; i++) {
        cloud.tick(ms);
        await loop.pass();
      }
    },
    /** Another process takes over, knowing only what was stored. */
    restart: () => {
      cloud.now += 20_000;
      holder += 1;
      loop = new Loop({ ...patient, holder: `holder-${holder}` });
    },
    cluster: async () => (await store.clusters())[0],
    /** How many workers live on only until their results are elsewhere. */
    retiring: async () => (await store.liveMachines()).filter(({ leaving }) => leaving).length,
    ledgerMicros: async () => {
      const entries = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER });
      return entries.reduce((sum, entry) => sum + entry.micros, 0);
    },
  };
}

const up = (min: number, max = min, more = {}): Command => ({
  verb: 'up',
  request: { name: 'etl', workers: { min, max }, market: 'spot', ...more },
});
const down: Command = { verb: 'down', target: { name: 'etl' } };

test('up comes to ready, down leaves nothing and the ledger says what it cost', async () => {
  const w = world();
  await w.say(up(4));
  await w.passes(4);
  expect((await w.cluster())?.state.phase).toBe('ready');
  expect(w.cloud.alive('worker')).toHaveLength(4);
  expect(w.cloud.alive('scheduler')[0]?.offer.market).toBe('on-demand');
  await w.passes(60);
  await w.say(down);
  await w.passes(4);
  expect((await w.cluster())?.state.phase).toBe('ended');
  expect(w.cloud.alive()).toHaveLength(0);
  expect(await w.ledgerMicros()).toBe(w.cloud.meter());
});

test('a worker that dies is replaced', async () => {
  const w = world();
  await w.say(up(3));
  await w.passes(4);
  w.cloud.fault = { ...CALM, deaths: 1 };
  await w.passes(1);
  w.cloud.fault = CALM;
  await w.passes(4);
  expect(w.cloud.alive('worker')).toHaveLength(3);
});

test('a scheduler that dies fails the cluster with the reason, and its machines end', async () => {
  const w = world();
  await w.say(up(2));
  await w.passes(4);
  await w.cloud.terminate(w.cloud.alive('scheduler').map((machine) => machine.id));
  await w.passes(4);
  expect((await w.cluster())?.state).toMatchObject({ phase: 'failed', why: 'its scheduler ended: terminated' });
  expect(w.cloud.alive()).toHaveLength(0);
});

test.each([
  ['its TTL', { ttlSeconds: 60 }, (cloud: PretendCloud) => cloud.tick(61_000), 'its TTL is over'],
  [
    'idling',
    { idleSeconds: 60 },
    (cloud: PretendCloud) => Object.assign(cloud, { idleSeconds: 61 }),
    'it was idle for 1m',
  ],
  [
    'its budget',
    { budgetMicros: 1_000 },
    (cloud: PretendCloud) => cloud.tick(100_000),
    'its budget of $0.0010 is spent',
  ],
])('%s ends a cluster', async (_, request, happen, why) => {
  const w = world();
  await w.say(up(2, 2, request));
  await w.passes(4);
  happen(w.cloud);
  await w.passes(4);
  expect((await w.cluster())?.state).toMatchObject({ phase: 'ended', why });
  expect(w.cloud.alive()).toHaveLength(0);
});

test('a cluster ends a while after its last client left, and not before one came', async () => {
  const w = world();
  await w.say(up(1, 1, { awaySeconds: 60 }));
  w.cloud.idleSeconds = 1;
  await w.passes(200);
  expect((await w.cluster())?.state.phase).toBe('ready');
  w.cloud.clients = 1;
  await w.passes(2);
  w.cloud.clients = 0;
  await w.passes(90);
  expect((await w.cluster())?.state).toMatchObject({ phase: 'ended', why: 'its last client left 1m ago' });
});

test('while no server was there to see it, nobody has been away', async () => {
  const w = world();
  await w.say(up(1, 1, { awaySeconds: 60 }));
  w.cloud.idleSeconds = 1;
  w.cloud.clients = 1;
  await w.passes(4);
  w.cloud.tick(1_000_000);
  w.cloud.clients = 0;
  w.restart();
  await w.passes(30);
  expect((await w.cluster())?.state.phase).toBe('ready');
  await w.passes(40);
  expect((await w.cluster())?.state).toMatchObject({ phase: 'ended', why: 'its last client left 1m ago' });
});

test('20..100 follows what Dask asks for, both ways', async () => {
  const w = world();
  await w.say(up(2, 10));
  await w.passes(4);
  w.cloud.adaptiveTarget = 25;
  await w.passes(3);
  expect(w.cloud.alive('worker')).toHaveLength(10);
  w.cloud.adaptiveTarget = 0;
  await w.passes(20);
  expect(w.cloud.alive('worker')).toHaveLength(2);
});

test('spot that runs out falls back to on-demand and says so', async () => {
  const w = world();
  await w.say(up(4));
  w.cloud.fault = { ...CALM, shortage: 'spot' };
  await w.passes(3);
  w.cloud.fault = CALM;
  await w.passes(4);
  expect(w.cloud.alive('worker').map((machine) => machine.offer.market)).toContain('on-demand');
  const cluster = await w.cluster();
  const events = await w.store.events(cluster?.id ?? '');
  expect(events.map((event) => event.text).join('\n')).toContain('no spot capacity');
});

test('a cluster is extended again and again, but not beyond its certificates', async () => {
  const w = world();
  const DAY = 86_400;
  const extend = (days: number) => w.say({ verb: 'extend', name: 'etl', seconds: days * DAY });
  await w.say(up(1, 1, { ttlSeconds: 2 * DAY }));
  for (let ends = 2; ends < 27; ends += 5) {
    expect(await extend(6)).toMatchObject({
      type: 'error',
      kind: 'refused',
      message: expect.stringContaining('more than 7d from now'),
    });
    expect(await extend(5)).toMatchObject({ type: 'result' });
    w.cloud.now += 5 * DAY * 1000;
  }
  expect(await extend(5)).toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/certificates end 30d after .* at most 3d,/),
  });
  expect(await extend(3)).toMatchObject({ type: 'result' });
  expect((await w.cluster())?.expiresAt).toBe(((await w.cluster())?.createdAt ?? 0) + 30 * DAY * 1000);
  expect(await extend(1)).toMatchObject({ kind: 'refused' });
});

test('a cluster whose keys cannot be read is left as it is, until it is ended', async () => {
  const w = world();
  await w.say(up(2));
  await w.passes(4);
  const id = (await w.cluster())?.id ?? '';
  await w.store.commit(id, (cluster) => ({ cluster: { ...cluster, credentials: null } }));
  // Nobody asks the scheduler, so nobody may take it for silent.
  w.cloud.fault = { ...CALM, silent: true };
  await w.passes(600);
  expect((await w.cluster())?.state.phase).toBe('ready');
  for (const command of [
    { verb: 'connect', name: 'etl' },
    { verb: 'extend', name: 'etl', seconds: 60 },
    { verb: 'scale', name: 'etl', workers: { min: 3, max: 3 } },
  ] satisfies Command[]) {
    const message = expect.stringMatching(/sealed with another secret key .*DASKUP_SECRET_KEY.* daskup down etl/s);
    expect(await w.say(command)).toMatchObject({ type: 'error', kind: 'refused', message });
  }
  expect(await w.say({ verb: 'status', name: 'etl' })).toMatchObject({ type: 'result', result: { tasks: null } });
  await w.say(down);
  await w.passes(4);
  expect((await w.cluster())?.state.phase).toBe('ended');
  expect(w.cloud.alive()).toHaveLength(0);
});

test('of two clusters of one name the second is refused', async () => {
  const w = world();
  await w.say(up(1));
  expect(await w.say(up(1))).toMatchObject({ type: 'error', kind: 'refused' });
});

test('a name that is made up is one that is free, also when it is taken at that very moment', async () => {
  const shares = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2];
  const w = world(() => shares.shift() ?? 0.5);
  const nameless: Command = { verb: 'up', request: { workers: { min: 1, max: 1 } } };
  const names = (await Promise.all([w.say(nameless), w.say(nameless)])).map((answer) =>
    answer?.type === 'progress' ? answer.cluster.name : answer,
  );
  expect(new Set(names)).toEqual(new Set([makeName(() => 0.1), makeName(() => 0.2)]));
});

test('an end is moved as far ahead as a life may be, and who asks for more is told how far', async () => {
  const w = world();
  await w.say(up(1, 1, { ttlSeconds: 4 * 3600 }));
  const by = (seconds: number) => w.say({ verb: 'extend', name: 'etl', seconds });
  expect(await by(7 * 86_400)).toMatchObject({
    kind: 'refused',
    message: 'etl would end more than 7d from now, the longest there is: extend it by at most 6d20h now',
  });
  expect(await by(6 * 86_400 + 20 * 3600)).toMatchObject({ type: 'result' });
  expect(await by(1)).toMatchObject({ kind: 'refused', message: expect.stringContaining('extend it later') });
});

test('down all is told how to end every cluster, unless one has that name', async () => {
  const w = world();
  const downAll: Command = { verb: 'down', target: { name: 'all' } };
  expect(await w.say(downAll)).toMatchObject({ kind: 'refused', message: expect.stringContaining('down --all') });
  await w.say(up(1, 1, { name: 'all' }));
  expect(await w.say(downAll)).toMatchObject({ type: 'progress', cluster: { name: 'all', phase: 'stopping' } });
});

test('while every name that is made up is taken, a person is asked for one', async () => {
  const w = world();
  const nameless: Command = { verb: 'up', request: { workers: { min: 1, max: 1 } } };
  await w.say(nameless);
  expect(await w.say(nameless)).toMatchObject({ kind: 'refused', message: expect.stringContaining('choose another') });
});

const fault = fc.record<Fault>({
  launchAnswerLost: fc.boolean(),
  shortage: fc.constantFrom('none', 'spot', 'all'),
  lag: fc.boolean(),
  unreadable: fc.boolean(),
  silent: fc.boolean(),
  deaths: fc.integer({ min: 0, max: 2 }),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fault.map((value) => ({ do: 'fault' as const, value })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 8 }).map((value) => ({ do: 'scale' as const, value })) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

property.prop([fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 25 })], { numRuns: 300 })(
  'whatever happens: never more workers than asked for and being retired, an end that leaves nothing, a ledger equal to the meter',
  async (count, steps) => {
    const w = world();
    await w.say(up(count));
    let most = count;
    for (const one of steps) {
      if (one.do === 'fault') w.cloud.fault = one.value;
      if (one.do === 'restart') w.restart();
      if (one.do === 'scale') {
        await w.say({ verb: 'scale', name: 'etl', workers: { min: one.value, max: one.value } });
        most = Math.max(most, one.value);
      }
      await w.passes(1, 2_003);
      expect(w.cloud.alive('worker').length).toBeLessThanOrEqual(most + (await w.retiring()));
      expect(w.cloud.alive('scheduler').length).toBeLessThanOrEqual(1);
    }
    w.cloud.fault = CALM;
    await w.passes(60, 5_007);
    const settled = await w.cluster();
    expect(['ready', 'failed', 'ended']).toContain(settled?.state.phase);
    if (settled?.state.phase === 'ready') expect(w.cloud.alive('worker')).toHaveLength(settled.target);
    await w.say(down);
    await w.passes(100, 5_007);
    expect(w.cloud.alive()).toHaveLength(0);
    expect(await w.ledgerMicros()).toBe(w.cloud.meter());
  },
);
