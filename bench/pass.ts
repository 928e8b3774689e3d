import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Loop } from '@daskup/core/loop/loop';
import { MemoryStore } from '@daskup/core/state/memory';
import type { Store } from '@daskup/core/state/store';
import { openStore } from '@daskup/store/open';
import { startPostgres } from '@daskup/store/testing/postgres';
import { Fleet, newCluster, populate } from './fleet.ts';
import { median, ms, timed } from './measure.ts';

// What the server does once a second: one pass over all clusters, each of a scheduler and 19 workers, while nothing
// happens to them; and all the passes that bring hundreds from `up` to ready at once. The cloud answers from memory. The
// alternative is what any program that looks after these machines must do at least: take the cloud's list of them apart.
const PASSES = 9;
const STARTING = 200;
const home = mkdtempSync(join(tmpdir(), 'daskup-bench-'));

/** The same store, with its calls counted. */
function counted(store: Store, calls: Map<string, number>): Store {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.set(String(key), (calls.get(String(key)) ?? 0) + 1);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function loopOver(fleet: Fleet, store: Store, now: () => number, log: (line: string) => void): Loop {
  const edge = { now, log, changed: () => {}, wake: () => {}, sleep: () => new Promise<void>(() => {}) };
  return new Loop({ ...edge, store, providers: [fleet], control: fleet, holder: 'bench' });
}

async function start(name: string, store: Store): Promise<void> {
  let now = Date.now();
  const loop = loopOver(new Fleet(() => now), store, () => now, console.log);
  for (let i = 0; i < STARTING; i++) await store.create(newCluster(i, now), []);
  const ready = async () => (await store.clusters({ live: true })).every(({ state }) => state.phase === 'ready');
  let passes = 0;
  const { wall, cpu } = await timed(async () => {
    do {
      now += 100;
      passes += 1;
      if (passes > 10) throw new Error('they do not become ready');
      await loop.pass();
    } while (!(await ready()));
  });
  console.log(
    `${STARTING} clusters of 20 machines from up to ready, ${name}: ${passes} passes, ${ms(cpu / STARTING)} of processor and ${ms(wall / STARTING)} a cluster`,
  );
}

/** Prints what a quiet pass takes; returns its processor seconds, and those of taking the cloud's list apart. */
async function quiet(name: string, store: Store, clusters: number): Promise<{ cpu: number; list: number }> {
  let now = Date.now();
  const calls = new Map<string, number>();
  const complaints: string[] = [];
  const fleet = await populate(store, clusters, () => now);
  const loop = loopOver(
    fleet,
    counted(store, calls),
    () => now,
    (line) => complaints.push(line),
  );
  const machines = await fleet.machines();
  const answer = JSON.stringify(machines);
  await loop.pass();
  calls.clear();
  const passes: { wall: number; cpu: number }[] = [];
  const reading: number[] = [];
  for (let i = 0; i < PASSES; i++) {
    now += 1000;
    reading.push((await timed(() => JSON.parse(answer))).cpu);
    passes.push(await timed(() => loop.pass()));
  }
  const [cpu, list] = [median(passes.map((pass) => pass.cpu)), median(reading)];
  const size = `${clusters} clusters, ${machines.length} machines, ${name}`;
  const total = [...calls].map(([call, count]) => `${call} ${count}`).join(', ');
  console.log(
    `quiet pass, ${size}: ${ms(cpu)} of processor; JSON.parse of the cloud's list ${ms(list)}, ratio ${(cpu / list).toFixed(1)}; by the clock ${ms(median(passes.map((pass) => pass.wall)))}; store calls in ${PASSES} passes: ${total}`,
  );
  calls.clear();
  now += 60_000;
  const minute = await timed(() => loop.pass());
  console.log(
    `once a minute, ${size}: ${ms(minute.cpu)} of processor, ratio to a quiet pass ${(minute.cpu / cpu).toFixed(1)}; by the clock ${ms(minute.wall)}; writes: ${calls.get('commit') ?? 0}, of which put off: ${complaints.length}`,
  );
  return { cpu, list };
}

/** Of each store: `open` makes an empty one. */
async function all(name: string, sizes: readonly number[], open: (of: string) => Promise<Store>): Promise<void> {
  const starting = await open('start');
  await start(name, starting);
  await starting.close();
  const passes: { cpu: number; list: number }[] = [];
  for (const size of sizes) {
    const store = await open(`quiet${size}`);
    passes.push(await quiet(name, store, size));
    await store.close();
  }
  const times = (sizes.at(-1) ?? 0) / (sizes[0] ?? 1);
  const more = (what: 'cpu' | 'list') => (passes.at(-1)?.[what] ?? 0) / (passes[0]?.[what] ?? 1);
  console.log(
    `growth, ${name}: ${times} times the clusters take ${more('cpu').toFixed(0)} times the processor, ratio ${(more('cpu') / times).toFixed(2)} (linear: 1); JSON.parse of the list ${more('list').toFixed(0)} times`,
  );
}

const secretKey = randomBytes(32);
try {
  await all('in memory', [100, 1_000, 10_000], async () => new MemoryStore('bench'));
  await all('embedded store', [100, 1_000], (of) => openStore({ folder: join(home, of), secretKey }));
  await using server = await startPostgres();
  await all('PostgreSQL', [100, 1_000, 10_000], async (of) =>
    openStore({ folder: home, databaseUrl: await server.createDatabase(of), secretKey }),
  );
} finally {
  rmSync(home, { recursive: true, force: true });
}
