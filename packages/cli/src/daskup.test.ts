import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

// As a person at a shell: the real program, its background server, real Dask.
const home = mkdtempSync(join(tmpdir(), 'daskup-cli-'));
const bin = fileURLToPath(new URL('../bin/daskup.js', import.meta.url));
const env: NodeJS.ProcessEnv = {
  ...process.env,
  VIRTUAL_ENV: '',
  CONDA_PREFIX: '',
  DASKUP_HOME: home,
  npm_command: '',
};

const STARTING = "daskup: starting daskup's server in the background…";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function daskup(...args: string[]): Promise<Ended> {
  return daskupIn(env, ...args);
}

function daskupIn(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile(process.execPath, [bin, ...args], { env, timeout: 100_000 }, (error, out, err) => {
    resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
  });
  return promise;
}

/** Processes that know this test's home, by pid: its server and its machines. */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(home));
      } catch {
        return false;
      }
    });
}

afterAll(async () => {
  await daskup('down', '--all', '--yes');
  for (const pid of processes()) process.kill(pid, 'SIGTERM');
  for (let i = 0; i < 100 && processes().length > 0; i++) await delay(50);
  expect(processes()).toEqual([]);
  rmSync(home, { recursive: true });
});

test('help, a typo and a bad count need no server; what is wrong is told in a line with exit code 2', async () => {
  expect((await daskup()).out).toContain('up');
  expect(await daskup('help', 'up')).toMatchObject({ code: 0 });
  expect((await daskup('help', 'serve')).out).toContain('run the server in the foreground');
  expect(await daskup('--version')).toEqual({
    code: 0,
    out: expect.stringMatching(/^daskup \d+\.\d+\.\d+\n$/),
    err: '',
  });
  for (const [line, told] of [
    ['up 4 eu-west-22', 'did you mean eu-west-2?'],
    ['upp 4', 'did you mean up?'],
    ['up 0', '0'],
    ['up 4 ttl=5parsecs', 'no unit parsecs'],
    ['scale etl', 'scale'],
    ['down', 'down'],
    ['help zzz', 'no help on zzz'],
    ['ls --jsn', 'did you mean --json?'],
    ['down --all --yse', 'did you mean --yes?'],
    ['up 4 --ssd', 'did you mean ssd?'],
    ['serv', 'did you mean serve?'],
  ] as const) {
    const { code, err, out } = await daskup(...line.split(' '));
    expect({ line, code, out }).toEqual({ line, code: 2, out: '' });
    expect(err).toContain(told);
    expect(err.trimEnd()).not.toContain('\n');
  }
  expect(await daskup('up', '1', 'env=nowhere.txt')).toMatchObject({ code: 2 });
  expect(await daskup('up', '1', 'python=/no/such/python')).toMatchObject({ code: 2 });
  expect(await daskup('down', '--all')).toMatchObject({ code: 2 });
  expect(readdirSync(home)).toEqual([]);
});

test('a cluster comes, is looked at, scaled, connected to and goes, each by one command', async () => {
  const up = await daskup('up', '2', 'spot', 'name=etl');
  expect(up, up.err).toMatchObject({ code: 0 });
  expect(up.out).toContain('etl is ready');
  expect(up.err).toContain('workers joined');

  expect(await daskup('up', '2', 'name=etl')).toMatchObject({ code: 2, out: '' });
  expect((await daskup('status', 'etll')).err).toContain('did you mean etl?');
  expect((await daskup('up', '1', 'eu-west-2')).err).toContain('aws');

  // Words of which only the server can say that they are too many.
  const requirements = join(home, 'requirements.txt');
  writeFileSync(requirements, '# A comment.\n'.repeat(100_000));
  const [large, long] = await Promise.all([
    daskup('up', '1', `env=${requirements}`),
    daskup('up', '1', `type=${Array.from({ length: 1_000 }, (_, i) => `m${i}`)}`),
  ]);
  expect([large.code, large.err]).toEqual([2, expect.stringContaining('over 1 MiB')]);
  expect([long.code, long.err]).toEqual([2, expect.stringContaining('longer than 4,000 characters')]);

  const [ls, status, cost, plan, logs] = await Promise.all([
    daskup('ls', '--json'),
    daskup('status', 'etl'),
    daskup('cost', 'today', 'by', 'type'),
    daskup('plan', '100', 'spot'),
    daskup('logs', 'etl'),
  ]);
  expect(JSON.parse(ls.out).clusters).toMatchObject([{ name: 'etl', phase: 'ready' }]);
  expect(status.out).toContain('scheduler');
  expect(cost.out).toContain('total');
  expect(plan.out).toContain('local.1');
  expect(logs.out).toContain('starting dask worker');

  expect(await daskup('plan', '1', 'cpu=4000')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/No instance type fits .*fewer than 4000 vCPUs/),
  });

  const connect = await daskup('connect', 'etl');
  const path = /^export DASK_CONFIG='(.*)'$/m.exec(connect.out)?.[1] ?? '';
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(connect.out + connect.err).not.toContain('PRIVATE KEY');

  // Of a cluster that ended by itself the file is left, until somebody looks.
  writeFileSync(join(home, 'connections', 'ended.yaml'), 'secret', { mode: 0o600 });
  writeFileSync(join(home, 'connections', 'theirs.yaml'), 'public', { mode: 0o644 });
  await daskup('ls');
  expect(readdirSync(join(home, 'connections')).sort()).toEqual(['etl.yaml', 'theirs.yaml']);

  expect((await daskup('scale', 'etl', '1')).code).toBe(0);
  expect((await daskup('extend', 'etl', '1h')).out).toContain('etl ends at');
  expect((await daskup('down', 'etl')).out).toContain('no machine is left');
  expect(readdirSync(join(home, 'connections'))).toEqual(['theirs.yaml']);
  expect((await daskup('ls')).out).toBe('no clusters. Make one: daskup up 4\n');
  // As npx runs it, where there is no daskup without npx.
  expect((await daskupIn({ ...env, npm_command: 'exec' }, 'ls')).out).toContain('Make one: npx daskup up 4');
  expect(readFileSync(join(home, 'server.log'), 'utf8')).not.toContain('PRIVATE KEY');
});

/** What the program says and ends with when it gets these signals as soon as it has said `sign`. */
async function interrupted(line: string, sign: string, signals: readonly NodeJS.Signals[], closed = false) {
  const child: ChildProcess = spawn(process.execPath, [bin, ...line.split(' ')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr?.on('data', (chunk) => {
    const before = err.includes(sign);
    err += chunk;
    if (before || !err.includes(sign)) return;
    if (closed) child.stderr?.destroy();
    for (const signal of signals) child.kill(signal);
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('exit', resolve);
  return { code: await promise, err };
}

test('Ctrl-C while a cluster comes up leaves nothing, and says so, though npx sends it again', async () => {
  const { code, err } = await interrupted('up 2 name=hasty', 'pending', ['SIGINT', 'SIGTERM']);
  expect([130, 143], err).toContain(code);
  expect(err).toContain('hasty is down; nothing is left');
  expect(JSON.parse((await daskup('ls', '--json')).out).clusters).toEqual([]);
});

test('a terminal that is closed while a cluster comes up leaves nothing', async () => {
  expect((await interrupted('up 2 name=closed', 'pending', ['SIGHUP'], true)).code).toBe(129);
  expect(JSON.parse((await daskup('ls', '--json')).out).clusters).toEqual([]);
});

test('Ctrl-C while a cluster changes says what goes on without the terminal', async () => {
  await daskup('up', '1', 'name=onward');
  const scale = await interrupted('scale onward 2', 'workers joined', ['SIGINT']);
  expect(scale.err).toContain('daskup: onward goes on scaling to 2; daskup status onward');
  const down = await interrupted('down onward', 'stopping', ['SIGINT']);
  expect(down.err).toContain('daskup: onward goes on ending; daskup status onward');
  expect([scale.code, down.code]).toEqual([130, 130]);
  expect((await daskup('down', '--all', '--yes')).code).toBe(0);
});

test('a server that is killed is replaced by the next command, which finds everything still running', async () => {
  await daskup('up', '1', 'name=survivor');
  const health = await fetchPid();
  process.kill(health, 'SIGKILL');
  const ls = await daskup('ls', '--json');
  expect(JSON.parse(ls.out).clusters, ls.err).toMatchObject([{ name: 'survivor', phase: 'ready' }]);
  expect(await fetchPid()).not.toBe(health);
  expect((await daskup('down', 'survivor')).code).toBe(0);
});

test('sixteen shells at once on a home without a server: one server, of one name one cluster, and each is answered', async () => {
  process.kill(await fetchPid(), 'SIGKILL');
  const lines = ['ls', 'cost', 'plan 4'].flatMap((line) => Array(4).fill(line.split(' ')) as string[][]);
  const [twins, others] = await Promise.all([
    Promise.all(Array.from({ length: 4 }, () => daskup('up', '1', 'name=twin'))),
    Promise.all(lines.map((words) => daskup(...words))),
  ]);
  expect(twins.map(({ code }) => code).toSorted()).toEqual([0, 2, 2, 2]);
  for (const { err } of twins.filter(({ code }) => code === 2))
    expect(err).toContain('There is a cluster named twin already');
  // Whoever waits longer than a moment is told for what, and of nothing else.
  const told = others.map(({ code, err }) => ({ code, err: err.replace(`${STARTING}\n`, '') }));
  expect(told).toEqual(others.map(() => ({ code: 0, err: '' })));
  expect(JSON.parse((await daskup('status', 'twin', '--json')).out).machines).toHaveLength(2);
  expect((await daskup('down', 'twin')).code).toBe(0);
});

test('a server that ends while another command starts one leaves it the store, and the wait is told', async () => {
  await daskup('ls');
  const ending = await fetchPid();
  const log = () => readFileSync(join(home, 'server.log'), 'utf8');
  const before = log().length;
  // As it is while it ends: the store is its own still, and nobody answers.
  rmSync(join(home, 'server.sock'));
  const ls = daskup('ls');
  while (!log().slice(before).includes('in use')) await delay(20);
  process.kill(ending, 'SIGKILL');
  expect(await ls).toMatchObject({ code: 0, err: expect.stringContaining(STARTING) });
  expect(await fetchPid()).not.toBe(ending);
  // With --json there is nothing to read but the answer.
  process.kill(await fetchPid(), 'SIGKILL');
  expect(await daskup('ls', '--json')).toEqual({ code: 0, out: '{"verb":"ls","clusters":[]}\n', err: '' });
});

async function fetchPid(): Promise<number> {
  const { request } = await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const call = request({ socketPath: join(home, 'server.sock'), path: '/health' }, async (response) => {
    const { pid } = JSON.parse((await response.toArray()).join('')) as { pid: number };
    resolve(pid);
  });
  call.on('error', reject);
  call.end();
  return promise;
}
