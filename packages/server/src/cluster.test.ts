import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer, type SecureContextOptions, type Server } from 'node:tls';
import { promisify } from 'node:util';
import type { Result } from '@daskup/core/answer';
import { parse } from '@daskup/core/command/parse';
import { Daskup } from '@daskup/core/daskup';
import type { ClusterView } from '@daskup/core/observe/view';
import type { KeyPair, SchedulerEndpoint } from '@daskup/core/provision/provider';
import { MemoryStore } from '@daskup/core/state/memory';
import { bootScript, environmentProblem } from '@daskup/dask/boot-script';
import { issueCredentials } from '@daskup/dask/certificates';
import { connectionYaml } from '@daskup/dask/connection';
import { ControlPort } from '@daskup/dask/control';
import { interpreterOf } from '@daskup/dask/environment';
import { LocalProvider } from '@daskup/local/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingsFrom } from './settings.ts';
import { sleep } from './sleep.ts';

// The whole core with real machines and real Dask; only the store forgets.
const home = mkdtempSync(join(tmpdir(), 'daskup-cluster-'));
const { cache } = settingsFrom(process.env);
const control = new ControlPort();
const provider = new LocalProvider({ home, cache, now: Date.now, bootScript });
const store = new MemoryStore('here');
const stop = new AbortController();

function start() {
  const daskup = new Daskup({
    store,
    providers: [provider],
    control,
    issueCredentials,
    connectionYaml,
    environmentProblem,
    holder: 'test',
    reclaim: (id) => provider.reclaim(id),
    newId: randomUUID,
    random: Math.random,
    now: Date.now,
    sleep,
    log: () => {},
  });
  return { daskup, running: daskup.run(stop.signal) };
}
const { daskup, running } = start();

async function say<V extends Result['verb']>(line: string): Promise<Extract<Result, { verb: V }>> {
  const parsed = parse(line);
  if (!parsed.ok) throw new Error(parsed.error.message);
  for await (const answer of daskup.perform(parsed.command, { user: 'ada', environment: null })) {
    if (answer.type === 'error') throw new Error(answer.message);
    if (answer.type === 'result') return answer.result as Extract<Result, { verb: V }>;
  }
  throw new Error('no answer');
}

async function until(name: string, good: (view: ClusterView) => boolean): Promise<ClusterView> {
  const end = Date.now() + 60_000;
  while (true) {
    const { cluster } = await say<'status'>(`status ${name}`);
    if (good(cluster)) return cluster;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(cluster)}`);
    await delay(100);
  }
}

/** Runs Python with nothing but `DASK_CONFIG`, beside whatever is to happen meanwhile; returns what it prints. */
async function python(cluster: string, code: string): Promise<string> {
  const { yaml } = await say<'connect'>(`connect ${cluster}`);
  const config = join(home, `${cluster}.yaml`);
  writeFileSync(config, yaml, { mode: 0o600 });
  const interpreter = interpreterOf({ kind: 'managed' }, cache) ?? 'none was made';
  const run = promisify(execFile)(interpreter, ['-c', code], {
    env: { DASK_CONFIG: config, PATH: '/usr/bin:/bin' },
    timeout: 60_000,
  });
  return (await run).stdout.trim();
}

beforeAll(async () => {
  await say('up 2 spot name=shared away=1h');
}, 180_000);
afterAll(async () => {
  await say('down --all');
  stop.abort();
  await running;
  control.close();
  rmSync(home, { recursive: true });
});

test('a bare Client() computes', async () => {
  const code =
    'from dask.distributed import Client\nc = Client()\nprint(sum(c.gather(c.map(lambda x: x * x, range(10)))))';
  expect(await python('shared', code)).toBe('285');
});

test('a task that has gone to another folder can be a client of its own cluster', async () => {
  const code = [
    'import os',
    'from dask.distributed import Client, get_client',
    'def nested():',
    '    os.chdir("/")',
    '    return get_client().submit(sum, [1, 2]).result()',
    'print(Client().submit(nested).result())',
  ];
  expect(await python('shared', code.join('\n'))).toBe('3');
});

test('nothing of a cluster answers without its client certificate', async () => {
  const { machines } = await say<'status'>('status shared');
  const listening = listeners().filter(({ address }) => machines.some((machine) => machine.address === address));
  const endpoint = (await store.cluster('shared'))?.endpoint;
  expect(listening.map(({ port }) => port)).toEqual(expect.arrayContaining([endpoint?.port, endpoint?.controlPort]));
  for (const { address, port } of listening) {
    const secured = await demandsCertificate(address, port);
    for (const path of [
      '/',
      '/status',
      '/health',
      '/info',
      '/json/identity.json',
      '/metrics',
      '/retire',
      '/api/v1/get_workers',
    ]) {
      const answers = await Promise.all([
        ask(httpRequest, address, port, path),
        ask(httpsRequest, address, port, path),
      ]);
      // Dask always opens its HTTP port; with no route on it, all that can be learnt there is that there is nothing.
      for (const answer of answers)
        expect([null, ...(secured ? [] : [404])], `${address}:${port}${path}`).toContain(answer);
    }
  }
  for (const port of [endpoint?.port, endpoint?.controlPort]) {
    expect(await demandsCertificate(endpoint?.address ?? '', port ?? 0)).toBe(true);
  }
});

test("whom both ports talk to: the cluster's own certificates, over TLS 1.2 or newer", async () => {
  const { endpoint, credentials } = await stored('shared');
  const { ca, client, worker } = credentials;
  const stranger = await issueCredentials('shared', new Date(), 3600);
  const legacy = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  // A client that could: it does speak TLS 1.1 to whoever still does.
  const old = createServer({ ...client, ...legacy, ca: ca.cert, requestCert: true }, (socket) => socket.write('hello'));
  await once(old.listen(0, '127.0.0.1'), 'listening');
  expect(await greeted('127.0.0.1', portOf(old), { ...client, ...legacy })).toBe(true);
  old.close();

  for (const port of [endpoint.port, endpoint.controlPort]) {
    const by = (options: SecureContextOptions) => greeted(endpoint.address, port, options);
    expect(await by(client)).toBe(true);
    expect(await by(worker)).toBe(true);
    expect(await by({ ...client, maxVersion: 'TLSv1.2' })).toBe(true);
    expect(await by({ ...client, ...legacy })).toBe(false);
    expect(await by({})).toBe(false);
    expect(await by(stranger.client), 'of another cluster').toBe(false);
    expect(await by(stranger.ca), 'signed by itself').toBe(false);
  }
});

test("a machine's certificate opens nothing of the control port, the client's does", async () => {
  const { endpoint, credentials } = await stored('shared');
  const { machines } = await say<'status'>('status shared');
  const names = machines.filter(({ role }) => role === 'worker').map(({ id }) => id);
  for (const role of ['worker', 'scheduler'] as const) {
    const disguised = { ...credentials, client: credentials[role] };
    const port = new ControlPort();
    await expect(port.status(endpoint, disguised, Date.now())).rejects.toThrow('answered 403 to /status');
    await expect(port.retire(endpoint, disguised, names)).rejects.toThrow('answered 403 to /retire');
    await expect(port.logs(endpoint, disguised, names)).rejects.toThrow('answered 403 to /logs');
    port.close();
  }
  const { workers } = await control.status(endpoint, credentials, (await stored('shared')).expiresAt);
  expect(workers.map(({ name, leaving }) => ({ name, leaving }))).toEqual(
    expect.arrayContaining(names.map((name) => ({ name, leaving: false }))),
  );
});

test('a worker tells its scheduler what it printed, the end of it, and nobody else does', async () => {
  const { endpoint, credentials } = await stored('shared');
  const { machines } = await say<'status'>('status shared');
  const ids = machines.map(({ id }) => id);
  const tell = async () => {
    const known = await control.logs(endpoint, credentials, ids);
    return machines.map(({ id, role }) => {
      const log = known.get(id) ?? '';
      // The scheduler's own has grown long over whoever knocked at it.
      return role === 'scheduler' ? log !== '' : log.includes('starting dask worker');
    });
  };
  await expect.poll(tell, { timeout: 60_000 }).toEqual([true, true, true]);

  const told = `${'x'.repeat(20_000)}\ndaskup: 3s ending: so it was`;
  expect(await post(endpoint, credentials.worker, '/log/m-dead', told)).toBe(200);
  expect((await control.logs(endpoint, credentials, ['m-dead'])).get('m-dead')).toBe(told.slice(-8_000));
  expect(await post(endpoint, credentials.worker, '/log/m-dead', 'x'.repeat(2_000_000))).not.toBe(200);
  expect(await post(endpoint, credentials.worker, '/log/..%2Fm', 'x')).toBe(404);
  for (const role of ['client', 'scheduler'] as const)
    expect(await post(endpoint, credentials[role], '/log/m-dead', 'another')).toBe(403);
  expect((await control.logs(endpoint, credentials, ['m-dead'])).get('m-dead')).toBe(told.slice(-8_000));
});

test('results that only a departing worker holds move to the others: scale down, then a spot reclaim that is replaced', async () => {
  const code = `
import time
from dask.distributed import Client
client = Client()
workers = list(client.scheduler_info()["workers"])
kept = [client.submit(lambda i=i: i, workers=[w], allow_other_workers=False, pure=False) for i, w in enumerate(workers)]
client.gather(kept)
client.publish_dataset(kept=kept)
print(len(workers))`;
  expect(await python('shared', code)).toBe('2');
  await say('scale shared 1');
  const read = 'from dask.distributed import Client\nc = Client()\nprint(sorted(c.gather(c.get_dataset("kept"))))';
  expect(await python('shared', read)).toBe('[0, 1]');
  await say('scale shared 2');
  const { machine } = await say<'reclaim'>('reclaim shared');
  await until('shared', ({ workers }) => workers.leaving === 1);
  await until('shared', ({ workers }) => workers.joined === 2 && workers.leaving === 0);
  const { machines } = await say<'status'>('status shared');
  expect(machines.find(({ id }) => id === machine.id)).toMatchObject({
    state: 'terminated',
    endReason: 'spot reclaim',
  });
  expect(await python('shared', read)).toBe('[0, 1]');
});

test('10..100 follows Dask: workers come with work and go without', async () => {
  await say('up 1..3 name=adaptive away=1h quorum=1%');
  const code = `
import time
from dask.distributed import Client
client = Client()
client.gather(client.map(lambda i: time.sleep(1), range(40)))
print(len(client.scheduler_info()["workers"]))`;
  expect(await python('adaptive', code)).toBe('3');
  await until('adaptive', ({ workers }) => workers.joined === 1 && workers.leaving === 0);
  await say('down adaptive');
});

test('a longer life reaches the machines themselves', async () => {
  await say('extend shared 1h');
  const { cluster, machines } = await say<'status'>('status shared');
  const deadline = (id: string) => Number(readFileSync(join(home, 'machines', id, 'work/deadline'), 'utf8'));
  await delay(3_000);
  for (const machine of machines.filter(({ state }) => state === 'running')) {
    expect(deadline(machine.id)).toBe(Math.floor(cluster.expiresAt / 1000));
  }
});

test('a scheduler that is killed fails its cluster with the reason, and nothing is left', async () => {
  await say('up 1 name=doomed');
  const { machines } = await say<'status'>('status doomed');
  const scheduler = machines.find(({ role }) => role === 'scheduler');
  const claim = JSON.parse(readFileSync(join(home, 'machines', scheduler?.id ?? '', 'boot.sh.claim'), 'utf8')) as {
    pid: number;
  };
  process.kill(-claim.pid, 'SIGKILL');
  const failed = await until('doomed', ({ phase }) => phase === 'failed');
  expect(failed.why).toContain('its scheduler ended');
  const left = (await provider.machines('here')).filter(
    ({ tags, state }) => tags.clusterName === 'doomed' && state !== 'terminated',
  );
  expect(left).toEqual([]);
});

test('a cluster whose machines cannot boot fails soon, with the end of the boot log', async () => {
  const parsed = parse('up 1 name=broken');
  if (!parsed.ok) throw new Error(parsed.error.message);
  const environment = { kind: 'requirements' as const, text: 'dask @ file:///nowhere\n', python: null };
  const texts: string[] = [];
  for await (const answer of daskup.perform(parsed.command, { user: 'ada', environment })) {
    texts.push(JSON.stringify(answer));
  }
  expect(texts.at(-1)).toContain('failed');
  expect(texts.join('\n')).toContain('software environment');
});

/** Sockets in state LISTEN, from the kernel's table. */
function listeners(): { address: string; port: number }[] {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/);
      const [ip, port] = local.split(':');
      if (state !== '0A' || !ip || !port) return [];
      const address = [...Buffer.from(ip, 'hex')].reverse().join('.');
      return [{ address, port: Number.parseInt(port, 16) }];
    });
}

/** A cluster as the store has it, its keys and its place. */
async function stored(name: string) {
  const cluster = await store.cluster(name);
  if (!cluster?.endpoint || !cluster.credentials) throw new Error(`${name} has no place yet`);
  return { ...cluster, endpoint: cluster.endpoint, credentials: cluster.credentials };
}

/** The status of what is sent to a control port with this certificate; null where it hung up. */
function post({ address, controlPort }: SchedulerEndpoint, pair: KeyPair, path: string, body: string) {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const options = { ...pair, host: address, port: controlPort, path, method: 'POST', rejectUnauthorized: false };
  const call = httpsRequest(options, (response) => {
    response.resume();
    resolve(response.statusCode ?? null);
  });
  call.on('error', () => resolve(null));
  call.end(body);
  return promise;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whether the server goes on talking after it has seen this certificate, if any, and this version of TLS. */
function greeted(host: string, port: number, { cert, key, ...how }: SecureContextOptions): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect({ ...how, ...(cert && key ? { cert, key } : {}), host, port, rejectUnauthorized: false });
  // Dask speaks first; the control port, which speaks HTTP, answers even this.
  socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('data', () => resolve(true));
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  socket.setTimeout(30_000, () => reject(new Error(`${host}:${port} neither talks nor hangs up`)));
  return promise.finally(() => socket.destroy());
}

/** True when a TLS client without a certificate is sent away. */
function demandsCertificate(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, rejectUnauthorized: false, timeout: 3_000 });
  // TLS 1.3 tells the client only after its handshake: the first read shows it.
  socket.on('secureConnect', () => socket.write('\n'));
  socket.on('data', () => resolve(false));
  socket.on('timeout', () => resolve(false));
  socket.on('error', (error: NodeJS.ErrnoException) =>
    resolve(/certificate.required/i.test(`${error.code} ${error.message}`)),
  );
  return promise.finally(() => socket.destroy());
}

/** The status of a GET; null where none came. */
function ask(
  how: typeof httpRequest | typeof httpsRequest,
  host: string,
  port: number,
  path: string,
): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const call = how({ host, port, path, rejectUnauthorized: false, timeout: 2_000 }, (response) => {
    response.resume();
    resolve(response.statusCode ?? null);
  });
  call.on('timeout', () => call.destroy());
  call.on('error', () => resolve(null));
  call.end();
  return promise;
}
