import { expect, test } from 'vitest';
import type { Answer } from '../answer.ts';
import type { Command } from '../command/command.ts';
import { Daskup } from '../daskup.ts';
import { Loop } from '../loop/loop.ts';
import { type ClusterIdentity, ProviderError } from '../provision/provider.ts';
import { CLIENT_MS, NOT_LET_IN } from '../state/clients.ts';
import { MemoryStore } from '../state/memory.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';

/** A cloud that keeps everybody out whom it was not told to let in. */
class Guarded extends PretendCloud {
  server = '198.51.100.1';
  /** Whom it was told to let in, each time. */
  readonly told: (readonly string[])[] = [];
  /** How often this server saw to its own way. */
  sought = 0;
  refusal: Error | null = null;

  async admitServer() {
    this.sought += 1;
    return this.server;
  }

  async admitClients(_cluster: ClusterIdentity, ranges: readonly string[]) {
    this.told.push(ranges);
    if (this.refusal) throw this.refusal;
  }
}

function world(cloud: Guarded | PretendCloud = new Guarded()) {
  const store = new MemoryStore('here');
  const shared = { store, providers: [cloud], control: cloud, now: () => cloud.now, log: () => {} };
  const patient = { ...shared, changed: () => {}, wake: () => {}, sleep: () => new Promise<void>(() => {}) };
  let loop = new Loop({ ...patient, holder: 'one' });
  const passes = async (count: number) => {
    for (let i = 0; i < count; i++) {
      cloud.tick(1_003);
      await loop.pass();
    }
  };
  const daskup = new Daskup({
    ...shared,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => 'yaml',
    environmentProblem: () => null,
    holder: 'one',
    reclaim: async () => {},
    newId: () => 'id',
    random: () => 0.5,
    // While a command waits, the loop goes on.
    sleep: () => passes(1),
  });
  const say = async (command: Command): Promise<Answer> => {
    for await (const answer of daskup.perform(command, { user: 'ada', environment: null }))
      if (answer.type !== 'progress') return answer;
    throw new Error('no answer');
  };
  return {
    cloud,
    passes,
    up: (allow: readonly string[] = []) =>
      say({ verb: 'up', request: { name: 'etl', workers: { min: 1, max: 1 }, ttlSeconds: 7 * 86_400, allow } }),
    connect: (from?: string) => say({ verb: 'connect', name: 'etl', ...(from === undefined ? {} : { from }) }),
    /** Another process takes over, knowing only what was stored. */
    restart: () => {
      cloud.now += 20_000;
      loop = new Loop({ ...patient, holder: 'two' });
    },
    events: async () => (await store.events('id')).map(({ text }) => text),
  };
}

async function guarded(allow: readonly string[] = []) {
  const cloud = new Guarded();
  const w = world(cloud);
  expect(await w.up(allow)).toMatchObject({ type: 'result' });
  cloud.idleSeconds = 0;
  return { ...w, cloud };
}

test('whoever connects is told from where the cluster lets its server in, and nothing is changed', async () => {
  const w = await guarded();
  const letIn = { address: '198.51.100.1', isPublic: false };
  expect(await w.connect()).toMatchObject({ type: 'result', result: { verb: 'connect', yaml: 'yaml', letIn } });
  await w.passes(3);
  expect(w.cloud.told).toEqual([]);
});

test('a client elsewhere is let in before it is answered, once, and by no call more', async () => {
  const w = await guarded();
  expect(await w.connect('203.0.113.7/32')).toMatchObject({ type: 'result' });
  expect(w.cloud.told).toEqual([['203.0.113.7/32']]);
  await w.connect('203.0.113.7/32');
  await w.passes(5);
  w.restart();
  await w.passes(5);
  expect(w.cloud.told).toHaveLength(1);
  await w.connect('192.0.2.0/24');
  expect(w.cloud.told.at(-1)).toEqual(['192.0.2.0/24', '203.0.113.7/32']);
});

test('a client where the server is is let in with it', async () => {
  const w = await guarded();
  await w.connect('198.51.100.1/32');
  await w.passes(3);
  expect(w.cloud.told).toEqual([]);
});

test('its time is over a day after it last connected', async () => {
  const w = await guarded();
  await w.connect('203.0.113.7/32');
  w.cloud.tick(CLIENT_MS / 2);
  await w.connect('192.0.2.1/32');
  w.cloud.tick(CLIENT_MS / 2 + 1_000);
  await w.passes(2);
  expect(w.cloud.told.at(-1)).toEqual(['192.0.2.1/32']);
  w.cloud.tick(CLIENT_MS / 2);
  await w.passes(2);
  expect(w.cloud.told.at(-1)).toEqual([]);
  const calls = w.cloud.told.length;
  await w.passes(3);
  expect(w.cloud.told).toHaveLength(calls);
});

test('an office is let in as long as the cluster lives', async () => {
  const w = await guarded(['203.0.113.0/24']);
  expect(w.cloud.told).toEqual([['203.0.113.0/24']]);
  w.cloud.tick(3 * CLIENT_MS);
  await w.passes(3);
  expect(w.cloud.told).toHaveLength(1);
});

test('a crash before the cloud answered is made good by the next process', async () => {
  const w = await guarded();
  w.cloud.refusal = new Error('connection reset');
  expect(await w.connect('203.0.113.7/32')).toMatchObject({ type: 'error', kind: 'failed' });
  w.cloud.refusal = null;
  w.restart();
  await w.passes(2);
  expect(w.cloud.told.at(-1)).toEqual(['203.0.113.7/32']);
  const calls = w.cloud.told.length;
  await w.passes(3);
  expect(w.cloud.told).toHaveLength(calls);
});

test('a refusal is told to who connects and in the cluster’s story once; the cluster lives on', async () => {
  const w = await guarded();
  w.cloud.refusal = new ProviderError('permission ec2:CreateSecurityGroup is missing');
  const answer = await w.connect('203.0.113.7/32');
  expect(answer).toMatchObject({ type: 'error', kind: 'failed' });
  expect(answer.type === 'error' && answer.message).toMatch(
    /ec2:CreateSecurityGroup is missing.*connect etl from 203\.0\.113\.7$/,
  );
  const before = w.cloud.told.length;
  await w.passes(65);
  // Tried again every half a minute.
  expect(w.cloud.told.length - before).toBeLessThanOrEqual(3);
  expect((await w.events()).filter((text) => text.startsWith(NOT_LET_IN))).toHaveLength(1);
  w.cloud.refusal = null;
  expect(await w.connect('203.0.113.7/32')).toMatchObject({ type: 'result' });
});

test('where nobody is kept out nobody can be let in, and what is said of it changes nothing', async () => {
  const w = world(new PretendCloud());
  expect(await w.up(['203.0.113.0/24'])).toMatchObject({ type: 'error', kind: 'refused' });
  await w.up();
  expect(await w.connect()).toMatchObject({ type: 'result', result: { letIn: null } });
  expect(await w.connect('203.0.113.7/32')).toMatchObject({ type: 'error', kind: 'refused' });
});

test('a server whose scheduler does not answer sees to its own way, and not at every pass', async () => {
  const w = await guarded();
  const before = w.cloud.sought;
  await w.passes(5);
  expect(w.cloud.sought).toBe(before);
  w.cloud.fault = { ...w.cloud.fault, silent: true };
  await w.passes(1);
  expect(w.cloud.sought).toBe(before + 1);
  await w.passes(30);
  expect(w.cloud.sought).toBe(before + 2);
});
