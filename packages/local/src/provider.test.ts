import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LaunchBatch, Machine } from '@daskup/core/provision/provider';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { machineLimit } from './offers.ts';
import type { LocalProvider } from './provider.ts';
import { Home } from './testing/home.ts';

// What is so of this provider alone; what is so of every provider is in contract.test.ts.
const HOUR_MS = 3_600_000;
const SLEEP = 'echo "daskup: 0s up"; sleep 60';

let home: Home;
let provider: LocalProvider;
beforeEach(() => {
  home = new Home();
  provider = home.provider(SLEEP);
});
afterEach(() => {
  vi.unstubAllEnvs();
  return home.close();
});

const cluster = { installation: 'here', clusterId: 'c', clusterName: 'etl', owner: 'ada', region: 'local' };
async function batch(count: number, market: 'spot' | 'on-demand' = 'on-demand', token = 'token'): Promise<LaunchBatch> {
  const offers = (await provider.offers(['local'])).filter((offer) => offer.market === market);
  const scheduler = { address: '127.9.9.9', port: 1, controlPort: 2 };
  const life = { expiresAt: 1, joinSeconds: 1, idleSeconds: 1, environment: { kind: 'managed' as const } };
  return {
    token,
    tags: { ...cluster, role: 'worker', expiresAt: 1, token },
    count,
    market,
    offers,
    diskGiB: 20,
    userTags: [],
    machineImage: null,
    boot: { role: 'worker', clusterName: 'etl', scheduler, ca: '', identity: { cert: '', key: '' }, ...life },
  };
}

const machines = () => provider.machines('here');
async function until(good: (machines: readonly Machine[]) => boolean): Promise<readonly Machine[]> {
  const end = Date.now() + 20_000;
  while (true) {
    const list = await machines();
    if (good(list)) return list;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(list)}`);
    await delay(20);
  }
}
const all = (state: Machine['state']) => (list: readonly Machine[]) => list.every((machine) => machine.state === state);
/** One machine, once it is in this state. */
async function one(state: Machine['state']): Promise<Machine> {
  const [machine] = await until((list) => list.length === 1 && all(state)(list));
  if (!machine) throw new Error('there is none');
  return machine;
}

/** Leader and group of a machine's processes, as the machine itself wrote it down. */
function pidOf(machine: Machine): number {
  return Number(/"pid":(\d+)/.exec(readFileSync(join(home.folderOf(machine.id), 'boot.sh.claim'), 'utf8'))?.[1]);
}

/** Whether any process of the group is left. */
function lives(pgid: number): boolean {
  return spawnSync('ps', ['-eo', 'pgid=,stat='])
    .stdout.toString()
    .split('\n')
    .some((line) => {
      const [group, stat = 'Z'] = line.trim().split(/\s+/);
      return Number(group) === pgid && !stat.startsWith('Z');
    });
}

test('shutdown ends every process of the machine, and its last word is the reason', async () => {
  provider = home.provider('sleep 300 & echo "daskup: 1s ending: idle for 5 s"; shutdown -h now; sleep 60');
  await provider.launch(await batch(1));
  const machine = await one('terminated');
  expect(machine.endReason).toBe('idle for 5 s');
  expect(lives(pidOf(machine))).toBe(false);
});

test('terminate ends every process of the machine', async () => {
  provider = home.provider('sleep 300 & (sleep 300; true) & sleep 300');
  await provider.launch(await batch(1));
  const machine = await one('running');
  expect(lives(pidOf(machine))).toBe(true);
  await provider.terminate([machine.id]);
  expect((await one('terminated')).endReason).toBe('terminated');
  expect(lives(pidOf(machine))).toBe(false);
});

test('a machine whose processes were killed is seen to have ended, once and for all', async () => {
  await provider.launch(await batch(1));
  process.kill(-pidOf(await one('running')), 'SIGKILL');
  const ended = await one('terminated');
  expect(ended.endReason).toBe('its processes were killed');
  home.ahead = 60_000;
  await provider.terminate([ended.id]);
  expect(await machines()).toEqual([ended]);
});

/** A file of a process's in /proc; empty when the process is gone. */
function ofProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

test('a machine whose first process was killed lives on in the others, and they can be ended', async () => {
  provider = home.provider('sleep 300 & wait');
  await provider.launch(await batch(1));
  const machine = await one('running');
  const leader = pidOf(machine);
  const children = () => readFileSync(`/proc/${leader}/task/${leader}/children`, 'utf8').split(' ').map(Number);
  // Not one that it is only made ready by.
  const isSleep = (pid: number) => pid > 0 && ofProcess(pid, 'comm').startsWith('sleep');
  for (let i = 0; i < 1_000 && !children().some(isSleep); i++) await delay(20);
  process.kill(leader, 'SIGKILL');
  await delay(100);
  expect(await one('running')).toMatchObject({ id: machine.id, endedAt: null });
  await provider.terminate([machine.id]);
  await one('terminated');
  expect(lives(leader)).toBe(false);
});

test('a machine of before the computer was restarted has ended, whoever has its pid now', async () => {
  await provider.launch(await batch(1));
  const machine = await one('running');
  const pid = pidOf(machine);
  const claim = join(home.folderOf(machine.id), 'boot.sh.claim');
  const kept = readFileSync(claim, 'utf8');
  writeFileSync(claim, JSON.stringify({ ...JSON.parse(kept), boot: 'an earlier one' }));
  await provider.terminate([machine.id]);
  expect(lives(pid)).toBe(true);
  expect((await one('terminated')).endReason).toBe('this computer was restarted');
  process.kill(-pid, 'SIGKILL');
});

test('a machine that was never started is not billed, and once ended does not start', async () => {
  await provider.launch(await batch(1));
  const machine = await one('running');
  process.kill(-pidOf(machine), 'SIGKILL');
  // As a crash between making and starting it leaves it.
  for (const name of ['boot.sh.claim', 'boot.log', 'ended'])
    rmSync(join(home.folderOf(machine.id), name), { force: true });
  expect(await one('pending')).toMatchObject({ runningAt: null });
  await provider.terminate([machine.id]);
  await provider.launch(await batch(1));
  await delay(200);
  expect(await one('terminated')).toMatchObject({ runningAt: null, endReason: 'ended before it was started' });
  expect(await provider.bootLog(machine.id)).toBe('');
});

test('a spot machine that is taken back has notice and ends soon after, though the process that took it is gone', async () => {
  const { machines: spot } = await provider.launch(await batch(1, 'spot'));
  await one('running');
  const id = spot[0]?.id ?? '';
  const started = Date.now();
  await home.callAndDie('reclaim', id, SLEEP, 'answered');
  expect(await machines()).toMatchObject([{ reclaimed: true, state: 'running' }]);
  const ended = await one('terminated');
  expect(ended).toMatchObject({ endReason: 'spot reclaim', reclaimed: true });
  expect(Date.now() - started).toBeGreaterThan(9_000);
  expect(lives(pidOf(ended))).toBe(false);
});

test('only a spot machine that runs can be taken back', async () => {
  const { machines: launched } = await provider.launch(await batch(1));
  await one('running');
  for (const id of [launched[0]?.id ?? '', 'm-0123456789', '../..']) {
    await expect(provider.reclaim(id)).rejects.toThrow('is no running spot machine');
  }
});

test('the computer has room for so many machines: two launches at once are granted no more, and one says so', async () => {
  provider = home.provider('exec sleep 60');
  const most = Math.ceil(machineLimit() * 0.6);
  const launches = await Promise.all([
    provider.launch(await batch(most, 'spot', 'one')),
    provider.launch(await batch(most, 'spot', 'two')),
  ]);
  expect(launches.flatMap((launch) => launch.machines)).toHaveLength(machineLimit());
  expect(launches.flatMap((launch) => launch.shortages)).toMatchObject([
    {
      kind: 'quota',
      market: 'spot',
      region: 'local',
      message: expect.stringContaining(`for ${machineLimit()} machines`),
    },
  ]);
  await provider.terminate(launches.flatMap((launch) => launch.machines.map(({ id }) => id)));
  await until(all('terminated'));
  expect((await provider.launch(await batch(1, 'spot', 'three'))).shortages).toEqual([]);
});

test('an ended machine can be read about for an hour, and is forgotten then; its launch does not make it anew', async () => {
  await provider.launch(await batch(2));
  const [first, second] = await until((list) => list.length === 2 && all('running')(list));
  await provider.terminate([first?.id ?? '']);
  await until((list) => list.some(({ state }) => state === 'terminated'));
  home.ahead = HOUR_MS - 60_000;
  expect(await machines()).toHaveLength(2);
  home.ahead = HOUR_MS + 120_000;
  expect(await machines()).toMatchObject([{ id: second?.id, state: 'running' }]);
  expect(await provider.bootLog(first?.id ?? '')).toBe('');
  expect((await provider.launch(await batch(2))).machines).toMatchObject([{ id: second?.id }]);
});

test('a machine that ended long before anybody looked is shown all the same, so that it can be paid for', async () => {
  await provider.launch(await batch(1));
  const machine = await one('running');
  await provider.terminate([machine.id]);
  home.ahead = 5 * HOUR_MS;
  provider = home.provider(SLEEP);
  const ended = await one('terminated');
  expect(ended.endedAt).toBeLessThan(Date.now() + 1_000);
  home.ahead += 30_000;
  expect(await machines()).toEqual([ended]);
  home.ahead += 60_000;
  expect(await machines()).toEqual([]);
});

test('of a machine that was killed while nobody looked, the end is when its signs of life stopped', async () => {
  provider = home.provider('while true; do : >"$DASKUP_DIR/alive"; sleep 0.1; done');
  await provider.launch(await batch(1));
  const machine = await one('running');
  const alive = join(home.folderOf(machine.id), 'alive');
  for (let i = 0; i < 500 && !existsSync(alive); i++) await delay(20);
  process.kill(-pidOf(machine), 'SIGKILL');
  const killedAt = Date.now();
  home.ahead = 5 * HOUR_MS;
  const { endedAt } = await one('terminated');
  expect(endedAt).toBeGreaterThanOrEqual(killedAt);
  expect(endedAt).toBeLessThan(killedAt + 60_000);
});

test('release clears away what crashes and launches of long ago have left', async () => {
  await provider.launch(await batch(1));
  writeFileSync(join(home.path, 'machines', 'm-0123456789.0a1b2c3d.new'), '');
  await provider.release(cluster);
  expect(readdirSync(join(home.path, 'machines'))).toHaveLength(2);
  home.ahead = 25 * HOUR_MS;
  await provider.release(cluster);
  expect(readdirSync(join(home.path, 'machines'))).toHaveLength(1);
  expect(readdirSync(join(home.path, 'launches'))).toEqual([]);
});

test('nobody else can read what is in a home', async () => {
  await provider.prepare(cluster);
  await provider.launch(await batch(1));
  for (const name of ['machines', 'places', 'launches']) expect(statSync(join(home.path, name)).mode & 0o077).toBe(0);
});

test('a boot script that cannot be made is told to people, and nothing is launched', async () => {
  const refusing = home.provider(() => {
    throw new Error('shorten the requirements file');
  });
  await expect(refusing.launch(await batch(1))).rejects.toMatchObject({
    name: 'ProviderError',
    message: 'shorten the requirements file',
  });
  expect(await machines()).toEqual([]);
});

test('a machine knows who it is, wherever its home is', async () => {
  await home.close();
  home = new Home("it's $(touch never) a home ");
  const names = ['ID', 'ADDRESS', 'DIR', 'CACHE', 'NOTICE', 'THREADS', 'MEMORY'];
  provider = home.provider(`${names.map((name) => `echo "$DASKUP_${name}"`).join('; ')}; shutdown`);
  await provider.launch(await batch(1, 'spot'));
  const { id, address, offer } = await one('terminated');
  const folder = home.folderOf(id);
  expect((await provider.bootLog(id)).trimEnd().split('\n')).toEqual([
    id,
    address,
    folder,
    home.path,
    `file:${folder}/notice`,
    `${offer.vcpus}`,
    `${offer.memoryGiB}`,
  ]);
});

test('of what is set where it is launched, a machine gets what it needs to fetch packages, and nothing else', async () => {
  vi.stubEnv('PIP_INDEX_URL', 'https://index.example');
  vi.stubEnv('https_proxy', 'http://proxy.example');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  provider = home.provider('while IFS= read -rd "" line; do echo "$line"; done </proc/$$/environ; shutdown');
  await provider.launch(await batch(1));
  const { id } = await one('terminated');
  const names = (await provider.bootLog(id)).split('\n').map((line) => line.split('=')[0] ?? '');
  expect(names).toEqual(expect.arrayContaining(['PIP_INDEX_URL', 'https_proxy', 'PATH', 'HOME', 'DASKUP_DIR']));
  expect(names).not.toContain('AWS_SECRET_ACCESS_KEY');
});
