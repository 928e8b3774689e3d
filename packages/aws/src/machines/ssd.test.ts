import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Role } from '@daskup/core/provision/provider';
import { bootScript } from '@daskup/dask/boot-script';
import { issueCredentials } from '@daskup/dask/certificates';
import { connectionYaml } from '@daskup/dask/connection';
import { ControlPort } from '@daskup/dask/control';
import { interpreterOf } from '@daskup/dask/environment';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AwsProvider } from '../provider.ts';
import { Account, REGION } from '../testing/account.ts';

// Real Dask on machines with disks of their own: one, two, and none.
const ZONE = `${REGION}a`;
const WORKERS = ['i4i.large', 'm5d.12xlarge', 'm5.large'] as const;
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'daskup/environments');
const LIFE_MS = 600_000;

/** Stores a result on each worker, has it spilled, and prints where that lies, by machine. */
const SPILL = `
import json, os
from dask.distributed import Client

def spill(dask_worker):
    dask_worker.data.evict()
    folder = os.path.realpath(dask_worker.local_directory)
    files = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return dask_worker.name, [file for file in files if os.path.getsize(file) > 900_000]

client = Client()
client.wait_for_workers(3)
kept = client.scatter(os.urandom(1_000_000), broadcast=True)
print(json.dumps(dict(client.run(spill).values())))
`;

const control = new ControlPort();
let account: Account;
let provider: AwsProvider;
beforeAll(async () => {
  account = await Account.open({ cache: CACHE });
  provider = account.provider('', { bootScript });
});
afterAll(async () => {
  control.close();
  await account?.close();
});

test(
  'a worker spills to the disks of its host, all as one; without any to its own folder',
  async () => {
    const cluster = { installation: 'here', clusterId: 'c1', clusterName: 'etl', owner: 'ada', region: REGION };
    const credentials = await issueCredentials('etl', new Date(), 3600);
    const scheduler = await provider.prepare(cluster, ZONE, 0);
    const offers = (await provider.offers([REGION])).filter(
      ({ market, zone }) => market === 'on-demand' && zone === ZONE,
    );
    const expiresAt = Date.now() + LIFE_MS;
    const launched = async (role: Role, type: string) => {
      const token = `${role}-${type}`;
      const { machines } = await provider.launch({
        token,
        tags: { ...cluster, role, expiresAt, token },
        count: 1,
        market: 'on-demand',
        offers: offers.filter((offer) => offer.type === type),
        diskGiB: 20,
        machineImage: null,
        userTags: [],
        boot: {
          role,
          clusterName: 'etl',
          scheduler,
          ca: credentials.ca.cert,
          identity: credentials[role],
          environment: { kind: 'managed' },
          expiresAt,
          joinSeconds: 300,
          idleSeconds: 300,
        },
      });
      return machines[0]?.id ?? '';
    };
    const [, ...ids] = await Promise.all([
      launched('scheduler', 'm5.large'),
      ...WORKERS.map((type) => launched('worker', type)),
    ]);
    const workers = async () =>
      control.status(scheduler, credentials, expiresAt).then(
        (status) => status.workers.length,
        () => 0,
      );
    while (Date.now() < expiresAt && (await workers()) < WORKERS.length) await delay(250);

    const config = join(account.folder, 'client.yaml');
    writeFileSync(config, connectionYaml(scheduler, credentials), { mode: 0o600 });
    const python = interpreterOf({ kind: 'managed' }, CACHE) ?? 'none was made';
    const env = { DASK_CONFIG: config, PATH: '/usr/bin:/bin' };
    const { stdout } = await promisify(execFile)(python, ['-c', SPILL], { env, timeout: 120_000 });
    const spilled = JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>;

    const places = [
      /\/disks\/nvme1n1\/ext4\/dask-scratch-space\//,
      /\/disks\/md0\/ext4\//,
      /\/work\/dask-scratch-space\//,
    ];
    for (const [i, id] of ids.entries()) {
      expect(spilled[id]).toHaveLength(1);
      expect(spilled[id]?.[0]).toMatch(places[i] ?? /^$/);
      expect((await provider.bootLog(id)).includes('its own disk is at')).toBe(i < 2);
    }
  },
  LIFE_MS,
);
