import type { LaunchBatch, Role } from '@daskup/core/provision/provider';
import { expect, test } from 'vitest';
import { VirtualClock } from './clock.ts';
import { SimCloud } from './cloud.ts';
import { CALM } from './faults.ts';
import { OFFERS, REGION } from './offers.ts';
import { Random } from './random.ts';
import { SimSchedulers } from './schedulers.ts';

const MINUTE = 60_000;
const PAIR = { cert: 'cert', key: 'key' };
const CREDENTIALS = { ca: PAIR, scheduler: PAIR, worker: PAIR, client: PAIR };
const CLUSTER = { installation: 'here', clusterId: 'c1', clusterName: 'etl', owner: 'ada', region: REGION };

async function world(seed = 1) {
  const clock = new VirtualClock();
  const cloud = new SimCloud(clock, new Random(seed));
  const scheduler = await cloud.prepare(CLUSTER);
  const start = clock.now;
  const batch = (role: Role, count: number, token: string, minutes = 60): LaunchBatch => {
    const expiresAt = start + minutes * MINUTE;
    return {
      token,
      tags: { ...CLUSTER, role, expiresAt, token },
      count,
      market: 'on-demand',
      offers: OFFERS.filter(({ market }) => market === 'on-demand'),
      diskGiB: 20,
      userTags: [],
      machineImage: null,
      boot: {
        role,
        clusterName: 'etl',
        scheduler,
        ca: 'ca',
        identity: PAIR,
        environment: { kind: 'managed' },
        expiresAt,
        joinSeconds: 300,
        idleSeconds: 600,
      },
    };
  };
  return {
    clock,
    cloud,
    batch,
    control: new SimSchedulers(cloud),
    endpoint: scheduler,
    pass: (minutes: number) => clock.run(clock.now + minutes * MINUTE),
    alive: () => cloud.all.filter(({ endedAt }) => endedAt === null).length,
    working: () => cloud.dask('c1').working.length,
  };
}

test('machines boot, join, and end at their deadline; each is billed by the second, and no less than a minute', async () => {
  const w = await world();
  await w.cloud.launch(w.batch('scheduler', 1, 'a', 10));
  await w.cloud.launch(w.batch('worker', 3, 'b', 10));
  await w.pass(2);
  expect(w.working()).toBe(3);
  const [first] = (await w.cloud.machines('here')).filter(({ tags }) => tags.role === 'worker');
  await w.cloud.terminate([first?.id ?? '']);
  await w.pass(1);
  expect([w.alive(), w.working()]).toEqual([3, 2]);
  await w.pass(8);
  expect(w.alive()).toBe(0);
  const seconds = w.cloud.all.map(({ runningAt, endedAt }) => Math.ceil(((endedAt ?? 0) - (runningAt ?? 0)) / 1000));
  const micros = seconds.map((s, i) => Math.round((s * (w.cloud.all[i]?.offer.microsPerHour ?? 0)) / 3600));
  expect(w.cloud.bill()).toBe(micros.reduce((a, b) => a + b));
});

test('workers end without their scheduler, a scheduler without workers or work', async () => {
  const alone = await world();
  await alone.cloud.launch(alone.batch('scheduler', 1, 'a'));
  await alone.pass(5);
  expect(alone.alive()).toBe(1);
  await alone.pass(1.5);
  expect(alone.cloud.all[0]?.endReason).toBe('no worker joined within 300 s');

  const lost = await world();
  await lost.cloud.launch(lost.batch('scheduler', 1, 'a'));
  await lost.cloud.launch(lost.batch('worker', 2, 'b'));
  await lost.pass(2);
  await lost.cloud.terminate(['i-0']);
  await lost.pass(0.5);
  expect(lost.alive()).toBe(0);

  const idle = await world();
  await idle.cloud.launch(idle.batch('scheduler', 1, 'a'));
  await idle.cloud.launch(idle.batch('worker', 1, 'b'));
  await idle.pass(2);
  idle.cloud.dask('c1').work({ clients: 0, adaptiveTarget: 0, idle: true });
  await idle.pass(10.5);
  expect(idle.alive()).toBe(2);
  await idle.pass(1);
  expect(idle.alive()).toBe(0);
  expect(idle.cloud.all[0]?.endReason).toBe('idle for 660 s');
});

test('a deadline that the scheduler is told reaches every machine', async () => {
  const w = await world();
  await w.cloud.launch(w.batch('scheduler', 1, 'a', 5));
  await w.cloud.launch(w.batch('worker', 2, 'b', 5));
  await w.pass(2);
  await w.control.status(w.endpoint, CREDENTIALS, w.clock.now + 8 * MINUTE);
  await w.pass(7);
  expect(w.alive()).toBe(3);
  await w.pass(2);
  expect(w.alive()).toBe(0);
});

test('a token makes machines once, and is refused for another batch', async () => {
  const w = await world();
  const first = await w.cloud.launch(w.batch('worker', 3, 'a'));
  const again = await w.cloud.launch(w.batch('worker', 3, 'a'));
  expect(again.machines.map(({ id }) => id)).toEqual(first.machines.map(({ id }) => id));
  expect(w.cloud.all).toHaveLength(3);
  await expect(w.cloud.launch(w.batch('worker', 4, 'a'))).rejects.toThrow('IdempotentParameterMismatch');
});

test('empty pools give nothing, small ones a few, and the answer says which', async () => {
  const w = await world();
  w.cloud.faults = { ...CALM, emptyPools: ['/sim-1a'], poolLimit: 2 };
  const { machines, shortages } = await w.cloud.launch(w.batch('worker', 20, 'a'));
  expect(machines).toHaveLength(8);
  expect(shortages).toHaveLength(6);
  expect(machines.some(({ offer }) => offer.zone === 'sim-1a')).toBe(false);
});

test('lists lag, show an end for an hour, and only their installation', async () => {
  const w = await world();
  await w.cloud.launch(w.batch('worker', 1, 'a', 5));
  w.cloud.faults = { ...CALM, lagMs: 10_000 };
  await w.pass(0.1);
  expect(await w.cloud.machines('here')).toEqual([]);
  await w.pass(0.1);
  expect(await w.cloud.machines('here')).toHaveLength(1);
  expect(await w.cloud.machines('elsewhere')).toEqual([]);
  await w.pass(60);
  expect(await w.cloud.machines('here')).toMatchObject([{ state: 'terminated', endReason: 'its TTL is over' }]);
  await w.pass(10);
  expect(await w.cloud.machines('here')).toEqual([]);
});

test('calls beyond the buckets are refused, and terminating a thousand uses up a bucket of its own', async () => {
  const w = await world();
  for (let i = 0; i < 100; i++) await w.cloud.machines('here');
  await expect(w.cloud.machines('here')).rejects.toThrow('RequestLimitExceeded');
  await w.pass(1 / 60);
  await expect(w.cloud.machines('here')).resolves.toEqual([]);
  const { machines } = await w.cloud.launch(w.batch('worker', 1_200, 'a'));
  const ids = machines.map(({ id }) => id);
  await expect(w.cloud.terminate(ids)).rejects.toThrow('RequestLimitExceeded');
  await w.pass(0.5);
  await w.cloud.terminate(ids);
  expect(w.cloud.all.every(({ isUp }) => !isUp)).toBe(true);
});

test('spot is taken back with a notice two minutes ahead, or without one', async () => {
  const w = await world();
  await w.cloud.launch(w.batch('scheduler', 1, 'a'));
  await w.cloud.launch({ ...w.batch('worker', 2, 'b'), offers: OFFERS.filter(({ market }) => market === 'spot') });
  await w.pass(2);
  await w.cloud.reclaim('i-1');
  expect(w.cloud.machine('i-1')?.viewAt(w.clock.now)).toMatchObject({ state: 'running', reclaimed: true });
  w.cloud.machine('i-2')?.reclaim(false);
  expect(w.cloud.machine('i-2')?.viewAt(w.clock.now)).toMatchObject({ state: 'stopping' });
  await w.pass(3);
  expect(w.cloud.all.map(({ endReason }) => endReason)).toEqual(['', 'spot reclaim', 'spot reclaim']);
  await expect(w.cloud.reclaim('i-0')).rejects.toThrow('cannot be taken back');
});

test('a machine whose boot script never starts does not end itself', async () => {
  const w = await world();
  w.cloud.faults = { ...CALM, neverBoot: 1 };
  await w.cloud.launch(w.batch('worker', 2, 'a', 2));
  await w.pass(30);
  expect(w.alive()).toBe(2);
});

test('five thousand machines for four hours take a moment, and the same seed gives the same bill', async () => {
  const bill = async (seed: number) => {
    const w = await world(seed);
    w.cloud.faults = { ...CALM, failBoot: 0.1, slowBoot: 0.2 };
    await w.cloud.launch(w.batch('scheduler', 1, 'a', 240));
    await w.cloud.launch(w.batch('worker', 5_000, 'b', 240));
    await w.pass(250);
    expect(w.alive()).toBe(0);
    return w.cloud.bill();
  };
  const started = performance.now();
  const bills = [await bill(1), await bill(1), await bill(2)];
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(bills[0]).toBe(bills[1]);
  expect(bills[0]).not.toBe(bills[2]);
});
