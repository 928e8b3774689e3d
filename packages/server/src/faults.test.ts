import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Server, until } from './testing/server.ts';

// What befalls a computer, as a cluster on it lives through it: a real server, real Dask.
const HOUR_MS = 3_600_000;

const server = new Server();
beforeAll(() => server.start({ workerTtl: '4s', portTakenOf: 'taken' }));
afterAll(() => server.close());

async function machinesOf(name: string) {
  return (await server.say<'status'>(`status ${name}`)).machines;
}
async function runningOf(name: string) {
  return (await machinesOf(name)).filter(({ state }) => state === 'running');
}
async function workerOf(name: string): Promise<string> {
  const worker = (await runningOf(name)).find(({ role }) => role === 'worker');
  if (!worker) throw new Error(`${name} has no worker`);
  return worker.id;
}
/** Once the cluster is gone: every process of it, too. */
async function gone(name: string): Promise<void> {
  await server.gone((await machinesOf(name)).map(({ id }) => id));
}

test('a worker that is killed is replaced; so is one that stands still, and it is ended', async () => {
  await server.say('up 2 name=two');
  const killed = await workerOf('two');
  process.kill(-server.leaderOf(killed), 'SIGKILL');
  await server.until('two', ({ workers }) => workers.joined < 2);
  await server.until('two', ({ phase, workers }) => phase === 'ready' && workers.joined === 2);
  expect(await machinesOf('two')).toContainEqual(
    expect.objectContaining({ id: killed, state: 'terminated', endReason: 'its processes were killed' }),
  );

  const still = await workerOf('two');
  process.kill(-server.leaderOf(still), 'SIGSTOP');
  await server.until('two', ({ workers }) => workers.joined < 2);
  await server.until('two', ({ phase, workers }) => phase === 'ready' && workers.joined === 2);
  const { events } = await server.say<'status'>('status two');
  expect(events.map(({ text }) => text)).toContain(`worker ${still} lost its scheduler: replacing it`);
  await server.gone([still]);
  expect(await machinesOf('two')).toHaveLength(5);

  // One that is not missed yet ends with its cluster like any other.
  process.kill(-server.leaderOf(await workerOf('two')), 'SIGSTOP');
  await server.say('down two');
  await gone('two');
});

test('of two of one name at once one comes to be, and the other is told so', async () => {
  const both = await Promise.allSettled([server.say('up 1 name=twin'), server.say('up 1 name=twin')]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = both.find((one) => one.status === 'rejected');
  expect(String(refused?.reason)).toContain('There is a cluster named twin already');
  expect(await machinesOf('twin')).toHaveLength(2);
  await server.say('down twin');
});

test("a scheduler whose port is another program's fails its cluster, and says so", async () => {
  await expect(server.say('up 1 name=taken')).rejects.toThrow(
    /taken failed: its scheduler ended: port \d+ of 127\..* is another program's. Ask for the cluster again/,
  );
  await gone('taken');
});

test('the clock jumps back: what runs goes on, commands are carried out, and no machine lives the longer', async () => {
  await server.say('up 1 name=back ttl=4h');
  const { cluster } = await server.say<'status'>('status back');
  await server.tell({ aheadMs: -2 * HOUR_MS });
  await server.say('scale back 2');
  for (const { id } of await runningOf('back')) {
    const deadline = readFileSync(join(server.home, 'local/machines', id, 'work/deadline'), 'utf8');
    expect(Number(deadline)).toBe(Math.floor(cluster.expiresAt / 1000));
  }
  await server.say('down back');
  await gone('back');
  await server.tell({ aheadMs: 0 });
});

test('the clock jumps forward: within the TTL nothing ends, past it the cluster does', async () => {
  await server.say('up 1 name=ahead ttl=4h away=1h');
  // Its client is away for a few seconds by then, whatever the clock says.
  await server.python('ahead', 'from dask.distributed import Client\nimport time\nc = Client()\ntime.sleep(5)');
  const before = await runningOf('ahead');
  for (const aheadMs of [60_000, 2 * HOUR_MS]) {
    await server.tell({ aheadMs });
    // A machine that comes and goes takes a good many passes.
    await server.say('scale ahead 2');
    await server.say('scale ahead 1');
  }
  expect(await machinesOf('ahead')).toHaveLength(before.length + 2);
  expect((await server.say<'status'>('status ahead')).cluster.phase).toBe('ready');
  await server.tell({ aheadMs: 5 * HOUR_MS });
  const ended = await server.until('ahead', ({ phase }) => phase === 'ended');
  expect(ended.why).toBe('its TTL is over');
  await gone('ahead');
  await server.tell({ aheadMs: 0 });
});

test('the clock jumps forward while a cluster starts, as when the computer sleeps: it comes up all the same', async () => {
  const before = server.machines.length;
  const up = server.say('up 2 name=slept ttl=4h');
  await until(
    () => server.machines.length,
    (count) => count === before + 3,
  );
  await server.tell({ aheadMs: 2 * HOUR_MS });
  expect(await up).toMatchObject({ cluster: { phase: 'ready', workers: { joined: 2 } } });
  expect(server.machines).toHaveLength(before + 3);
  await server.say('down slept');
  await gone('slept');
  await server.tell({ aheadMs: 0 });
});

test('the clock jumps back: what no live cluster owns is swept all the same', async () => {
  await server.say('up 1 name=lost');
  const machines = (await machinesOf('lost')).map(({ id }) => id);
  await server.tell({ forget: true });
  await server.tell({ aheadMs: -2 * HOUR_MS });
  await server.gone(machines);
  await server.tell({ aheadMs: 0 });
});

test('without Python, up is refused at once with what to install, and no machine is made', async () => {
  const bare = new Server();
  try {
    const bin = join(bare.home, 'bin');
    mkdirSync(bin);
    symlinkSync('/usr/bin/flock', join(bin, 'flock'));
    await bare.start({}, { PATH: bin, XDG_CACHE_HOME: join(bare.home, 'cache') });
    await expect(bare.say('up 1 name=etl')).rejects.toThrow(
      'No cluster can be made in local. Python: install Python 3.11 or newer and its venv module (python3-venv), or uv',
    );
    expect(bare.machines).toEqual([]);
  } finally {
    await bare.close();
  }
});

test('with no package index, the cluster fails with that for the reason', async () => {
  const cut = new Server();
  try {
    const pip = { PIP_INDEX_URL: 'http://127.0.0.1:9/', PIP_FIND_LINKS: '', PIP_RETRIES: '1' };
    const uv = { UV_INDEX_URL: 'http://127.0.0.1:9/', UV_FIND_LINKS: '', UV_NO_CACHE: '1' };
    await cut.start({}, { ...pip, ...uv, XDG_CACHE_HOME: join(cut.home, 'cache') });
    await expect(cut.say('up 1 name=etl')).rejects.toThrow(/could not reach the package index/);
    await cut.gone();
  } finally {
    await cut.close();
  }
});
