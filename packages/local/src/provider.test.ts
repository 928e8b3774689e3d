import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Offer } from '@daskup/core/plan/offer';
import type { LaunchBatch, Machine } from '@daskup/core/provision/provider';
import type { Platform } from '@daskup/dask/platform';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineLimit } from './offers.ts';
import { LocalProvider } from './provider.ts';

let home: string;
let provider: LocalProvider;

/** A machine that boots in no time; what it does after it has said so is the test's. */
const script = (body: string) => (_: unknown, platform: Platform) =>
  `${platform.identify}\necho "daskup: 0s up"\n${body}`;
const make = (body = 'sleep 60') => new LocalProvider({ home, cache: home, now: Date.now, bootScript: script(body) });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daskup-local-'));
  provider = make();
});
afterEach(async () => {
  await provider.terminate((await provider.machines('here')).map((machine) => machine.id));
  rmSync(home, { recursive: true });
});

const pair = { cert: '', key: '' };
async function batch(count: number, market: 'spot' | 'on-demand' = 'spot', token = 'token'): Promise<LaunchBatch> {
  const offers: readonly Offer[] = (await provider.offers()).filter((offer) => offer.market === market);
  const cluster = { installation: 'here', clusterId: 'c', clusterName: 'etl', owner: 'ada', region: 'local' };
  const scheduler = { address: '127.9.9.9', port: 1, controlPort: 2 };
  const life = { expiresAt: 1, joinSeconds: 1, idleSeconds: 1, environment: { kind: 'managed' as const } };
  return {
    token,
    tags: { ...cluster, role: 'worker', expiresAt: 1, token },
    count,
    market,
    offers,
    boot: { role: 'worker', clusterName: 'etl', scheduler, ca: '', identity: pair, ...life },
  };
}

async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 10_000;
  while (true) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    await delay(20);
  }
}
const machines = () => provider.machines('here');
const allAre = (state: Machine['state']) => (list: readonly Machine[]) =>
  list.every((machine) => machine.state === state);

test('a launch makes machines with addresses, tags and logs of their own', async () => {
  const { machines: launched, shortages } = await provider.launch(await batch(3));
  expect(shortages).toEqual([]);
  expect(new Set(launched.map((machine) => machine.address)).size).toBe(3);
  const running = await until(machines, (list) => list.length === 3 && allAre('running')(list));
  expect(running.map((machine) => machine.tags.clusterName)).toEqual(['etl', 'etl', 'etl']);
  const [first] = running;
  expect(
    await until(
      () => provider.bootLog(first?.id ?? ''),
      (log) => log !== '',
    ),
  ).toContain('daskup: 0s up');
  expect(await provider.machines('elsewhere')).toEqual([]);
});

test('the same launch again, by another process too, makes nothing new; another launch with its token is refused', async () => {
  const first = await provider.launch(await batch(2));
  const again = await make().launch(await batch(2));
  expect(again.machines.map((m) => m.id).toSorted()).toEqual(first.machines.map((m) => m.id).toSorted());
  await until(machines, allAre('running'));
  expect(await machines()).toHaveLength(2);
  const [a] = first.machines;
  const started = await until(
    () => provider.bootLog(a?.id ?? ''),
    (log) => log !== '',
  );
  expect(started.match(/daskup: 0s up/g)).toHaveLength(1);
  await expect(provider.launch(await batch(3))).rejects.toThrow(/used before/);
});

test('a terminated machine is gone, stays listed with its log, and never starts again', async () => {
  const { machines: launched } = await provider.launch(await batch(2));
  await until(machines, allAre('running'));
  const ids = launched.map((machine) => machine.id);
  await provider.terminate([...ids, 'm-unknown']);
  const ended = await until(machines, allAre('terminated'));
  await provider.terminate(ids);
  await provider.launch(await batch(2));
  await delay(100);
  expect(await machines()).toEqual(ended);
});

test('shutdown ends the whole machine, and its last word is the reason', async () => {
  provider = make('sleep 300 & echo "daskup: 1s ending: idle for 5 s"; shutdown -h now; sleep 60');
  await provider.launch(await batch(1));
  const [machine] = await until(machines, allAre('terminated'));
  expect(machine?.endReason).toBe('idle for 5 s');
});

test('a machine whose processes were killed is seen to have ended, once and for all', async () => {
  await provider.launch(await batch(1));
  const [machine] = await until(machines, allAre('running'));
  const claim = JSON.parse(readFileSync(join(home, 'machines', machine?.id ?? '', 'boot.sh.claim'), 'utf8')) as {
    pid: number;
  };
  process.kill(-claim.pid, 'SIGKILL');
  const [ended] = await until(machines, allAre('terminated'));
  expect(ended?.endReason).toBe('its processes were killed');
  await delay(30);
  expect((await machines())[0]?.endedAt).toBe(ended?.endedAt);
});

test('a pid that belongs to another process by now is neither taken for the machine nor killed', async () => {
  const { machines: launched } = await provider.launch(await batch(1));
  await until(machines, allAre('running'));
  const folder = join(home, 'machines', launched[0]?.id ?? '');
  const claim = JSON.parse(readFileSync(join(folder, 'boot.sh.claim'), 'utf8')) as { pid: number; start: string };
  const { isGroupAlive } = await import('./process-group.ts');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  expect(isGroupAlive({ pid: claim.pid, start: claim.start, boot })).toBe(true);
  expect(isGroupAlive({ pid: claim.pid, start: '1', boot })).toBe(false);
  expect(isGroupAlive({ pid: claim.pid, start: claim.start, boot: 'another' })).toBe(false);
});

test('machines outlive the process that made them', async () => {
  const here = new URL('provider.ts', import.meta.url).pathname;
  const maker = `
    const { LocalProvider } = await import(${JSON.stringify(here)});
    const provider = new LocalProvider({ home: ${JSON.stringify(home)}, cache: '', now: Date.now, bootScript: (_, p) => p.identify + '\\nsleep 60' });
    await provider.launch(${JSON.stringify(await batch(2))});
    process.kill(process.pid, 'SIGKILL');`;
  const made = spawnSync(process.execPath, ['--input-type=module', '-e', maker], { encoding: 'utf8', timeout: 20_000 });
  expect(made.signal, made.stderr).toBe('SIGKILL');
  await until(machines, (list) => list.length === 2 && allAre('running')(list));
});

test('a reclaimed spot machine has notice and ends soon after; an on-demand one is not taken back', async () => {
  const { machines: spot } = await provider.launch(await batch(1));
  const { machines: other } = await provider.launch(await batch(1, 'on-demand', 'other'));
  await until(machines, allAre('running'));
  await expect(provider.reclaim(other[0]?.id ?? '')).rejects.toThrow(/no running spot machine/);
  await provider.reclaim(spot[0]?.id ?? '');
  const noticed = (await machines()).find((machine) => machine.id === spot[0]?.id);
  expect(noticed).toMatchObject({ reclaimed: true, state: 'running' });
  await delay(9_000);
  const ended = await until(machines, (list) => list.some(({ state }) => state === 'terminated'));
  expect(ended.find((machine) => machine.id === spot[0]?.id)?.endReason).toBe('spot reclaim');
});

test('the computer has room for so many machines: a larger launch is granted in part and says so', async () => {
  provider = make('shutdown -h now');
  const { machines: launched, shortages } = await provider.launch(await batch(machineLimit() + 5));
  expect(launched).toHaveLength(machineLimit());
  expect(shortages[0]).toMatchObject({ kind: 'capacity' });
});

test('a cluster keeps its place until it is released, and nobody else can read what is in the home', async () => {
  const cluster = { installation: 'here', clusterId: 'c', clusterName: 'etl', owner: 'ada', region: 'local' };
  const place = await provider.prepare(cluster);
  expect(place.address).toMatch(/^127\.\d+\.\d+\.\d+$/);
  expect(await make().prepare(cluster)).toEqual(place);
  await provider.release(cluster);
  await provider.release(cluster);
  await provider.launch(await batch(1));
  expect(statSync(join(home, 'machines')).mode & 0o077).toBe(0);
});
