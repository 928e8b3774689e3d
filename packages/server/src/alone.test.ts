import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Machine, Role } from '@daskup/core/provision/provider';
import { bootScript } from '@daskup/dask/boot-script';
import { issueCredentials } from '@daskup/dask/certificates';
import { LocalProvider } from '@daskup/local/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingsFrom } from './settings.ts';

// Machines alone: real Dask, and nobody who would end them but they themselves.
const home = mkdtempSync(join(tmpdir(), 'daskup-alone-'));
const provider = new LocalProvider({
  home,
  cache: settingsFrom(process.env).cache,
  now: Date.now,
  bootScript,
});

interface Life {
  readonly ttlSeconds?: number;
  readonly joinSeconds?: number;
  readonly idleSeconds?: number;
}

/** A cluster of a test's own, of which any machine may be left out. */
async function cluster(clusterId: string, { ttlSeconds = 3600, joinSeconds = 300, idleSeconds = 1200 }: Life) {
  const identity = { installation: 'here', clusterId, clusterName: clusterId, owner: 'ada', region: 'local' };
  const credentials = await issueCredentials(clusterId, new Date(), 3600);
  const scheduler = await provider.prepare(identity);
  const offers = (await provider.offers(['local'])).filter(({ market }) => market === 'on-demand');
  return async (role: Role): Promise<Machine> => {
    const expiresAt = Date.now() + ttlSeconds * 1000;
    const token = `${clusterId}-${role}`;
    const { machines } = await provider.launch({
      token,
      tags: { ...identity, role, expiresAt, token },
      count: 1,
      market: 'on-demand',
      offers,
      diskGiB: 20,
      userTags: [],
      machineImage: null,
      boot: {
        role,
        clusterName: clusterId,
        scheduler,
        ca: credentials.ca.cert,
        identity: credentials[role],
        environment: { kind: 'managed' },
        expiresAt,
        joinSeconds,
        idleSeconds,
      },
    });
    if (!machines[0]) throw new Error('nothing was launched');
    return machines[0];
  };
}

async function said({ id }: Machine, text: string): Promise<void> {
  for (let i = 0; !(await provider.bootLog(id)).includes(text); i++) {
    if (i > 1_200) throw new Error(`it never said ${text}: ${await provider.bootLog(id)}`);
    await delay(100);
  }
}

/** The machine once it has ended, and how many seconds after its launch that was. */
async function ended({ id }: Machine): Promise<{ readonly reason: string; readonly seconds: number }> {
  for (let i = 0; i < 1_200; i++) {
    const machine = (await provider.machines('here')).find((one) => one.id === id);
    if (machine?.endedAt != null)
      return { reason: machine.endReason, seconds: (machine.endedAt - machine.launchedAt) / 1000 };
    await delay(100);
  }
  throw new Error(`it did not end itself:\n${await provider.bootLog(id)}`);
}

beforeAll(async () => {
  // The first machine of all makes the software environment; those under test are not to wait for it.
  const launch = await cluster('first', {});
  const machine = await launch('scheduler');
  await said(machine, 'starting dask');
  await provider.terminate([machine.id]);
}, 300_000);
afterAll(async () => {
  await provider.terminate((await provider.machines('here')).map(({ id }) => id));
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

test.concurrent.each<Role>(['scheduler', 'worker'])('a %s ends itself when its TTL is over', async (role) => {
  const launch = await cluster(`ttl-${role}`, { ttlSeconds: 6 });
  const { reason, seconds } = await ended(await launch(role));
  expect(reason).toBe('its TTL is over');
  expect(seconds).toBeGreaterThan(4);
});

test.concurrent('a worker ends itself when no scheduler appears in time', async () => {
  const launch = await cluster('no-scheduler', { joinSeconds: 5 });
  expect((await ended(await launch('worker'))).reason).toBe('no scheduler answered within 5 s');
});

test.concurrent('a scheduler ends itself when no worker joins in time', async () => {
  const launch = await cluster('no-worker', { joinSeconds: 5 });
  expect((await ended(await launch('scheduler'))).reason).toBe('no worker joined within 5 s');
});

test.concurrent('workers end themselves when their scheduler has gone', async () => {
  const launch = await cluster('gone', {});
  const [scheduler, worker] = await Promise.all([launch('scheduler'), launch('worker')]);
  // Once the scheduler says so, the worker may still be waiting for its answer, and would ask again for as long as it may.
  await said(worker, 'Registered to');
  await provider.terminate([scheduler.id]);
  expect((await ended(worker)).reason).toBe('dask worker left the cluster');
});

test.concurrent('a machine ends itself when its Dask is killed', async () => {
  const launch = await cluster('killed', {});
  const machine = await launch('scheduler');
  await said(machine, 'Scheduler at');
  const claim = JSON.parse(readFileSync(join(home, 'machines', machine.id, 'boot.sh.claim'), 'utf8')) as {
    pid: number;
  };
  const children = readFileSync(`/proc/${claim.pid}/task/${claim.pid}/children`, 'utf8').trim().split(' ').map(Number);
  const dask = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('distributed'));
  process.kill(dask ?? 0, 'SIGKILL');
  expect((await ended(machine)).reason).toBe('dask scheduler exited with code 137');
});

test.concurrent('an idle cluster ends itself a minute after the server should have ended it', async () => {
  const launch = await cluster('idle', { idleSeconds: 1 });
  const [scheduler, worker] = await Promise.all([launch('scheduler'), launch('worker')]);
  expect((await ended(scheduler)).reason).toBe('idle for 61 s');
  expect((await ended(worker)).reason).toBe('dask worker left the cluster');
});
