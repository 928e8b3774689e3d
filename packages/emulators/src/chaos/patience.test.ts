import type { Command } from '@daskup/core/command/command';
import { isAlive } from '@daskup/core/observe/machine';
import { MemoryStore } from '@daskup/core/state/memory';
import { expect, test } from 'vitest';
import { VirtualClock } from '../sim/clock.ts';
import { SimCloud } from '../sim/cloud.ts';
import { CALM, type Faults } from '../sim/faults.ts';
import { Random } from '../sim/random.ts';
import { SimSchedulers } from '../sim/schedulers.ts';
import { Asked } from './asked.ts';
import { Process } from './process.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

const up = (name: string, count: number): Command => ({
  verb: 'up',
  request: { name, workers: { min: count, max: count }, market: 'on-demand' },
});

/** One server on a simulated cloud. */
function world() {
  const clock = new VirtualClock();
  const random = new Random(1);
  const cloud = new SimCloud(clock, random.fork());
  const store = new MemoryStore('here');
  const logged: string[] = [];
  const process = new Process({
    name: 'server',
    holder: 'server',
    cloud,
    store,
    control: new SimSchedulers(cloud),
    random: random.fork(),
    onCall: () => {},
    onLog: (line) => logged.push(line),
  });
  const cluster = async (name: string) => {
    const found = await store.cluster(name);
    if (!found) throw new Error(`There is no cluster ${name}`);
    return found;
  };
  const workers = async (name: string) =>
    (await store.machines([(await cluster(name)).id])).filter(({ role }) => role === 'worker');
  return {
    cloud,
    clock,
    logged,
    say: (command: Command) => new Asked('ada', command, process),
    faults: (faults: Partial<Faults>) => {
      cloud.faults = { ...CALM, ...faults };
    },
    pass: (ms: number) => clock.run(clock.now + ms),
    phase: async (name: string) => (await cluster(name)).state.phase,
    story: async (name: string) => (await store.events((await cluster(name)).id)).map(({ text }) => text).join('\n'),
    workers,
    joined: async (name: string) => (await workers(name)).filter((w) => isAlive(w) && w.joinedAt !== null).length,
  };
}

test('machines that take minutes to make their Python environment are waited for', async () => {
  const w = world();
  w.faults({ environmentMs: 8 * MINUTE });
  w.say(up('etl', 4));
  await w.pass(10 * MINUTE);
  expect(await w.phase('etl')).toBe('ready');
  expect(w.cloud.all).toHaveLength(5);
});

test('a worker that takes much longer than the others is replaced, and what it said last is told', async () => {
  const w = world();
  w.say(up('etl', 1));
  await w.pass(2 * MINUTE);
  expect(await w.phase('etl')).toBe('ready');
  w.say({ verb: 'scale', name: 'etl', workers: { min: 2, max: 2 } });
  w.faults({ environmentMs: 30 * MINUTE });
  await w.pass(MINUTE);
  w.faults({});
  await w.pass(7 * MINUTE);
  expect(await w.joined('etl')).toBe(2);
  expect(w.cloud.all).toHaveLength(4);
  expect(await w.story('etl')).toMatch(
    /worker i-2 did not join within 5m\d+s: replacing it\n.*i-2 has said: \ndaskup: 0s/,
  );
});

test('a cluster of which no worker ever joins fails, and tells what its machines said last', async () => {
  const w = world();
  w.faults({ environmentMs: 60 * MINUTE });
  const asked = w.say(up('etl', 3));
  await w.pass(14 * MINUTE);
  expect(await w.phase('etl')).toBe('starting');
  await w.pass(3 * MINUTE);
  expect(await w.phase('etl')).toBe('failed');
  expect(asked.last).toMatchObject({ type: 'error', kind: 'failed' });
  expect(await w.story('etl')).toMatch(/failed: no worker joined within 15m\n.*has said: \ndaskup: 0s/);
  expect(w.cloud.all.every(({ endedAt }) => endedAt !== null)).toBe(true);
});

test('a scheduler that falls silent before its cluster is ready fails it', async () => {
  const w = world();
  w.faults({ poolLimit: 1 });
  w.say(up('etl', 40));
  await w.pass(MINUTE);
  expect(await w.phase('etl')).toBe('starting');
  expect(await w.joined('etl')).toBeGreaterThan(0);
  w.faults({ poolLimit: 1, silent: true });
  await w.pass(3 * MINUTE);
  expect(await w.phase('etl')).toBe('failed');
  expect(await w.story('etl')).toContain('its scheduler has not answered');
});

test('a cloud that is slow for one cluster holds up no other', async () => {
  const w = world();
  const { launch } = w.cloud;
  w.cloud.launch = async (batch) => {
    if (batch.tags.clusterName === 'slow') await w.clock.sleep(10 * MINUTE);
    return launch.call(w.cloud, batch);
  };
  w.say(up('slow', 2));
  await w.pass(10 * SECOND);
  w.say(up('etl', 2));
  await w.pass(2 * MINUTE);
  expect(await w.phase('slow')).toBe('starting');
  expect(await w.phase('etl')).toBe('ready');
  await w.pass(12 * MINUTE);
  expect(await w.phase('slow')).toBe('ready');
  expect(w.logged).toEqual([]);
});
