import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '@daskup/core/answer';
import type { Machine } from '@daskup/core/provision/provider';
import { bootScript } from '@daskup/dask/boot-script';
import { LocalProvider } from '@daskup/local/provider';
import { startPostgres, type TestPostgres } from '@daskup/store/testing/postgres';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { settingsFrom } from './settings.ts';
import { startServer, type TestServer } from './testing/service.ts';

// Three server processes of one home on one PostgreSQL, with real clusters; and one of another home, which sees no machine.
const SEED = Number(process.env.DASKUP_SEED ?? 1);
const PATIENT = { timeout: 100_000, interval: 200 };
const root = mkdtempSync(join(tmpdir(), 'daskup-replicas-'));
const home = join(root, 'home');
const provider = new LocalProvider({
  home: join(home, 'local'),
  cache: settingsFrom(process.env).cache,
  now: Date.now,
  bootScript,
});
let postgres: TestPostgres;
let url: string;
let servers: TestServer[];
let stranger: TestServer;
const start = (of: string) => startServer({ DASKUP_HOME: of, DATABASE_URL: url });

beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase('replicas');
  // All at once, on a database that has no tables yet.
  const all = await Promise.all([...[home, home, home].map(start), start(join(root, 'elsewhere'))]);
  servers = all.slice(0, 3);
  stranger = all[3] as TestServer;
});
afterAll(async () => {
  for (const server of [...(servers ?? []), stranger]) await server?.kill('SIGKILL');
  const left = await provider.machines(await installation());
  await provider.terminate(left.map(({ id }) => id));
  await postgres?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const query = (statement: string) => postgres.query(url, statement);
const installation = async () => String((await query('select id from installation'))[0]?.id);
const holders = async () => (await query('select lease_holder from clusters')).map((row) => row.lease_holder);
const isOf = ({ pid }: TestServer, holder: unknown) => String(holder).split(' ')[1] === String(pid);

/** The most workers that were asked for of a cluster so far, by name. None is ever asked to shrink. */
const asked = new Map<string, number>();
/** Every moment at which there was more than that, or a second scheduler, or a lease for who cannot see the machines. */
const wrong: string[] = [];

/** Looks again and again until it is disposed of. */
function watching(): AsyncDisposable {
  const stop = new AbortController();
  const watched = watch(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watched;
    },
  };
}

async function watch(signal: AbortSignal): Promise<void> {
  const mine = await installation();
  while (!signal.aborted) {
    const running = (await provider.machines(mine)).filter(({ state }) => state === 'pending' || state === 'running');
    for (const [id, machines] of Map.groupBy(running, ({ tags }) => tags.clusterId)) {
      const of = (role: string) => machines.filter(({ tags }) => tags.role === role).length;
      const most = asked.get(machines[0]?.tags.clusterName ?? '') ?? 0;
      if (of('worker') > most) wrong.push(`${id}: ${of('worker')} workers of ${most}`);
      if (of('scheduler') > 1) wrong.push(`${id}: ${of('scheduler')} schedulers`);
    }
    if ((await holders()).some((holder) => isOf(stranger, holder))) wrong.push('the stranger had a lease');
    await delay(50);
  }
}

/** Numbers from 0 to 1 that are the same for the same seed: a linear congruential generator of Knuth's. */
function draws(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 11n) / 2 ** 53;
  };
}

const joined = async (server: TestServer, name: string) => {
  const answer = await server.say(`status ${name}`);
  return answer.type === 'result' && answer.result.verb === 'status' ? answer.result.cluster.workers.joined : answer;
};

test('of servers in one home commands reach the last that started, and another that ends leaves it alone', async () => {
  const answering = async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const call = request({ socketPath: join(home, 'server.sock'), path: '/health', agent: false }, async (response) =>
      resolve(JSON.parse((await response.toArray()).join('')).pid),
    );
    call.on('error', reject).end();
    return promise;
  };
  expect(servers.map(({ pid }) => pid)).toContain(await answering());
  const last = await start(home);
  expect(await answering()).toBe(last.pid);
  await servers[0]?.kill('SIGTERM');
  expect(await answering()).toBe(last.pid);
  servers[0] = last;
  expect(readdirSync(home).filter((name) => name.endsWith('.sock'))).toEqual(['server.sock']);
});

test('one of three that ask for one name at once gets it', async () => {
  asked.set('etl', 2);
  const answers = await Promise.all(servers.map((server) => server.say('up 2 name=etl away=1h')));
  expect(answers.filter(({ type }) => type === 'result')).toHaveLength(1);
  const refused = { type: 'error', kind: 'refused', message: expect.stringContaining('a cluster named etl already') };
  expect(answers.filter(({ type }) => type === 'error')).toEqual([refused, refused]);
});

test('one that is paused for longer than its lease, in the middle of a pass, is replaced and does nothing when it wakes', async () => {
  const [holder] = await holders();
  const paused = servers.find((server) => isOf(server, holder));
  const [other] = servers.filter((server) => server !== paused);
  if (!paused || !other) throw new Error(`none of the servers is ${holder}`);
  // Its pass has seen a worker gone, and waits for the scheduler to speak: it is about to store that it launches another.
  const mine = await provider.machines(await installation());
  const groupOf = (role: string) => {
    const id = mine.find(({ tags }) => tags.role === role)?.id ?? '';
    const claim = JSON.parse(readFileSync(join(home, 'local/machines', id, 'boot.sh.claim'), 'utf8'));
    return { group: -Number(claim.pid), ended: join(home, 'local/machines', id, 'ended') };
  };
  const [scheduler, worker] = [groupOf('scheduler'), groupOf('worker')];
  process.kill(scheduler.group, 'SIGSTOP');
  process.kill(worker.group, 'SIGKILL');
  await vi.waitFor(() => expect(existsSync(worker.ended)).toBe(true), { timeout: 30_000, interval: 5 });
  await paused.kill('SIGSTOP');
  process.kill(scheduler.group, 'SIGCONT');

  await using _ = watching();
  asked.set('etl', 3);
  expect(await other.say('scale etl 3')).toMatchObject({ type: 'result' });
  const [successor] = await holders();
  expect(successor).not.toBe(holder);
  const [before] = await query('select attempt, lease_holder from clusters');
  await paused.kill('SIGCONT');
  // It works: it answers, and it makes a pass a second.
  await vi.waitFor(async () => expect(await joined(paused, 'etl')).toBe(3), PATIENT);
  for (let i = 0; i < 30; i++) {
    await delay(100);
    expect((await query('select attempt, lease_holder from clusters'))[0]).toEqual(before);
  }
  expect(wrong).toEqual([]);
});

test(`killed and paused at random while clusters come, grow and go, they leave nothing and pay once (seed ${SEED})`, async () => {
  const draw = draws(SEED);
  const pick = (count: number) => Math.floor(draw() * count);
  await using _ = watching();
  const said: Promise<Answer | null>[] = [];
  /** Whether it is done is seen in the end: the server that was asked may be killed meanwhile. */
  const say = (line: string, to: readonly TestServer[]) => {
    said.push(to[pick(to.length)]?.say(line).catch(() => null) ?? Promise.resolve(null));
  };
  const faults: Promise<void>[] = [];
  const busy = new Set<number>();
  const befall = async (i: number) => {
    const server = servers[i];
    if (!server || busy.has(i)) return;
    busy.add(i);
    if (draw() < 0.5) {
      await server.kill('SIGKILL');
      await delay(draw() * 1_000);
      servers[i] = await start(home);
    } else {
      await server.kill('SIGSTOP');
      await delay(draw() * 4_000);
      await server.kill('SIGCONT');
    }
    busy.delete(i);
  };
  for (let round = 0; round < 24; round++) {
    const name = ['etl', 'train'][pick(2)] ?? '';
    const workers = 1 + pick(3);
    if (round % 3 === 2) say(`down ${name}`, [...servers, stranger]);
    else if (round % 3 === 1 && workers >= (asked.get(name) ?? 0)) {
      asked.set(name, workers);
      say(`scale ${name} ${workers}`, [...servers, stranger]);
    } else {
      asked.set(name, Math.max(workers, asked.get(name) ?? 0));
      say(`up ${workers} name=${name} away=1h`, servers);
    }
    faults.push(befall(pick(3)));
    await delay(draw() * 1_500);
  }
  await Promise.all(faults);
  // What was told to a server that died may never have been heard; what lives now comes to what was asked of it.
  await vi.waitFor(async () => {
    const live = await query(
      `select phase, target, (select count(*)::int from machines where cluster_id = clusters.id and role = 'worker'
        and joined_at is not null and ended_at is null) as joined from clusters where phase in ('starting', 'ready', 'stopping')`,
    );
    for (const { phase, target, joined } of live) expect({ phase, joined }).toEqual({ phase: 'ready', joined: target });
  }, PATIENT);
  // Everyone is there again, and has answered: nobody makes a cluster any more.
  await Promise.all(said);
  expect(await stranger.say('down --all')).toMatchObject({ type: 'result' });

  const mine = await installation();
  let machines: readonly Machine[] = [];
  const running = () => machines.filter(({ runningAt }) => runningAt !== null);
  await vi.waitFor(async () => {
    machines = await provider.machines(mine);
    expect(machines.filter(({ state }) => state !== 'terminated')).toEqual([]);
    // Also what a sweep, once a minute, has yet to pay for.
    const rows = await query('select machine_id, "from", "to" from ledger order by machine_id');
    const paid = rows.map(({ machine_id, from, to }) => ({ id: machine_id, from: Number(from), to: Number(to) }));
    const used = running().map(({ id, runningAt, endedAt }) => ({ id, from: runningAt, to: endedAt }));
    expect(paid).toEqual(used.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  }, PATIENT);
  expect(wrong).toEqual([]);
  expect(running().length).toBeGreaterThan(5);
  expect(await query(`select phase from clusters where phase not in ('ended', 'failed')`)).toEqual([]);
  for (const server of [...servers, stranger]) expect(server.text()).not.toMatch(/unhandled|uncaught|\n {4}at /i);
});
