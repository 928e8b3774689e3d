import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Loop } from '@daskup/core/reconcile/loop';
import { MemoryStore } from '@daskup/core/state/memory';
import type { Store } from '@daskup/core/state/store';
import { openStore } from '@daskup/store/open';
import { startPostgres } from '@daskup/store/testing/postgres';
import { Fleet, newCluster, WORKERS } from './fleet.ts';
import { median, ms, timed } from './measure.ts';

// What the server does once a second: one pass over all clusters, each of a scheduler and 19 workers, while nothing
// happens to them; and all the passes that bring as many clusters from `up` to ready at once. The cloud answers from
// memory. The alternative is what any program that looks after these machines must do at least: read the cloud's list.
const PASSES = 9;
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

/** Prints what a fleet of this size takes; returns the processor seconds of a quiet pass. */
async function measure(name: string, store: Store, clusters: number): Promise<number> {
  let now = Date.now();
  const calls = new Map<string, number>();
  const fleet = new Fleet(() => now);
  const lines: string[] = [];
  const loop = new Loop({
    store: counted(store, calls),
    providers: [fleet],
    control: fleet,
    holder: 'bench',
    now: () => now,
    sleep: () => new Promise(() => {}),
    changed: () => {},
    wake: () => {},
    log: (line) => lines.push(line),
  });
  for (let i = 0; i < clusters; i++) await store.create(newCluster(i, now), []);
  const unready = async () => (await store.clusters({ live: true })).some(({ state }) => state.phase !== 'ready');
  let passes = 0;
  const start = await timed(async () => {
    do {
      now += 100;
      passes += 1;
      await loop.pass();
    } while (passes < 10 && (await unready()));
  });
  await loop.pass();
  const machines = await fleet.machines();
  const size = `${clusters} clusters, ${machines.length} machines, ${name}`;
  if (machines.length !== clusters * (WORKERS + 1) || (await unready())) throw new Error(`${size}: not all started`);
  const perCluster = (start.wall / clusters) * 1000;
  console.log(
    `${size}: from up to ready in ${passes} passes, ${start.wall.toFixed(1)} s, ${perCluster.toFixed(1)} ms a cluster`,
  );

  const answer = JSON.stringify(machines);
  calls.clear();
  const quiet: { wall: number; cpu: number }[] = [];
  const reading: number[] = [];
  for (let i = 0; i < PASSES; i++) {
    now += 1000;
    reading.push((await timed(() => JSON.parse(answer))).cpu);
    quiet.push(await timed(() => loop.pass()));
  }
  const cpu = median(quiet.map((pass) => pass.cpu));
  const list = median(reading);
  const said = [...calls].map(([call, count]) => `${call} ${(count / PASSES).toFixed(1)}`).join(', ');
  console.log(
    `${size}: quiet pass ${ms(cpu)} of processor, ${ms(median(quiet.map((pass) => pass.wall)))}; JSON.parse of the cloud's list ${ms(list)}, ratio ${(cpu / list).toFixed(2)}; store calls a pass: ${said}`,
  );
  calls.clear();
  now += 60_000;
  const minute = await timed(() => loop.pass());
  const writes = [...calls].map(([call, count]) => `${call} ${count}`).join(', ');
  console.log(
    `${size}: the pass once a minute ${ms(minute.cpu)} of processor, ${ms(minute.wall)}; store calls: ${writes}`,
  );
  if (lines.length > 0) throw new Error(`${size}: ${lines.length} complaints, first ${lines[0]}`);
  return cpu;
}

const growth = (name: string, small: number, large: number, times: number) =>
  console.log(
    `${name}: ${times} times the clusters take ${(large / small).toFixed(0)} times the processor, ratio ${(large / small / times).toFixed(2)} (linear: 1)`,
  );

const secretKey = randomBytes(32);
try {
  const memory: number[] = [];
  for (const clusters of [100, 1_000, 10_000])
    memory.push(await measure('in memory', new MemoryStore('bench'), clusters));
  growth('in memory', memory[0] ?? 0, memory[2] ?? 0, 100);

  const embedded: number[] = [];
  for (const clusters of [100, 1_000]) {
    const store = await openStore({ folder: join(home, `store-${clusters}`), secretKey });
    embedded.push(await measure('embedded', store, clusters));
    await store.close();
  }
  growth('embedded', embedded[0] ?? 0, embedded[1] ?? 0, 10);

  await using server = await startPostgres();
  const postgres: number[] = [];
  for (const clusters of [100, 1_000, 10_000]) {
    const databaseUrl = await server.createDatabase(`bench${clusters}`);
    const store = await openStore({ folder: home, databaseUrl, secretKey });
    postgres.push(await measure('PostgreSQL', store, clusters));
    await store.close();
  }
  growth('PostgreSQL', postgres[0] ?? 0, postgres[2] ?? 0, 100);
} finally {
  rmSync(home, { recursive: true, force: true });
}
