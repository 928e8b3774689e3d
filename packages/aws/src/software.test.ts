import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Answer, Result } from '@daskup/core/answer';
import { parse } from '@daskup/core/command/parse';
import { Daskup } from '@daskup/core/daskup';
import type { Environment } from '@daskup/core/spec/spec';
import { MemoryStore } from '@daskup/core/state/memory';
import { bootScript, environmentProblem } from '@daskup/dask/boot-script';
import { issueCredentials } from '@daskup/dask/certificates';
import { connectionYaml } from '@daskup/dask/connection';
import { ControlPort } from '@daskup/dask/control';
import { interpreterOf } from '@daskup/dask/environment';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AwsProvider } from './provider.ts';

// Real Dask on machines of EC2, with each kind of software. Only the store forgets.
const REGION = 'us-east-1';
const IMAGE = 'ghcr.io/org/dask:2026.8.0';
const BARE = 'ghcr.io/org/bare:1';
const folder = mkdtempSync(join(tmpdir(), 'daskup-software-'));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'daskup/environments');
const before = { ...process.env };
const probe = 'import sys; print(sys.executable, sys.version_info[1])';
const [PYTHON = '', minor = ''] = execFileSync('python3', ['-c', probe], { encoding: 'utf8' }).trim().split(' ');

let ec2: Ec2;
let daskup: Daskup;
let running: Promise<void>;
const stop = new AbortController();
const control = new ControlPort();

beforeAll(async () => {
  ec2 = await startEc2({
    containers: { [IMAGE]: join(folder, 'image/bin/python'), [BARE]: PYTHON },
    cache,
  });
  Object.assign(process.env, ec2.env);
  const provider = new AwsProvider({
    regions: [REGION],
    cacheFolder: join(folder, 'aws'),
    isPublic: false,
    isAlone: true,
    checkip: '',
    now: Date.now,
    bootScript,
  });
  daskup = new Daskup({
    store: new MemoryStore(randomUUID()),
    providers: [provider],
    control,
    issueCredentials,
    connectionYaml,
    environmentProblem,
    holder: 'test',
    reclaim: async () => {},
    newId: randomUUID,
    random: Math.random,
    now: Date.now,
    sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}).catch(() => {}),
    log: () => {},
  });
  running = daskup.run(stop.signal);
}, 600_000);
afterAll(async () => {
  await say('down --all');
  stop.abort();
  await running;
  control.close();
  await ec2?.close();
  for (const name of Object.keys(ec2.env)) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

/** All that a line is answered with; the last of it is a result or an error. */
async function answers(line: string, environment: Environment | null = null) {
  const parsed = parse(line);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const all: Answer[] = [];
  for await (const answer of daskup.perform(parsed.command, { user: 'ada', environment })) all.push(answer);
  return all;
}

async function say<V extends Result['verb']>(line: string, environment?: Environment) {
  const last = (await answers(line, environment)).at(-1);
  if (last?.type !== 'result') throw new Error(JSON.stringify(last));
  return last.result as Extract<Result, { verb: V }>;
}

/** What a bare `Client()` prints, with nothing but `DASK_CONFIG`. */
async function computed(cluster: string, code: string): Promise<string> {
  const { yaml } = await say<'connect'>(`connect ${cluster}`);
  const config = join(folder, `${cluster}.yaml`);
  writeFileSync(config, yaml, { mode: 0o600 });
  const interpreter = interpreterOf(CLIENT, cache) ?? 'none was made';
  const run = promisify(execFile)(
    interpreter,
    ['-c', `from dask.distributed import Client\nclient = Client()\n${code}`],
    {
      env: { DASK_CONFIG: config, PATH: '/usr/bin:/bin' },
      timeout: 60_000,
    },
  );
  return (await run).stdout.trim();
}

/** Of the packages that come with daskup, so that there is nothing to make where they were made before. */
const LOCK = readFileSync(new URL('../../dask/src/python/requirements.lock', import.meta.url), 'utf8');
const SAME = Object.fromEntries(
  ['dask', 'distributed', 'cloudpickle', 'msgpack', 'tornado'].map((name) => [
    name,
    new RegExp(`^${name}==(\\S+)`, 'm').exec(LOCK)?.[1] ?? '',
  ]),
);
const CLIENT: Environment = { kind: 'client', interpreter: '/nowhere', python: Number(minor), versions: SAME };

test("machines have the client's versions of Python and Dask", async () => {
  await say(`up 1 ${REGION} x86 name=same`, CLIENT);
  const code = `
from distributed.versions import get_versions
theirs = client.run(get_versions)
print({v["packages"][p] for v in theirs.values() for p in ("dask", "cloudpickle")})
print([v["host"]["python"].split(".")[1] for v in theirs.values()])
client.get_versions(check=True)`;
  const printed = await computed('same', code);
  expect(printed).toContain(`'${SAME.dask}'`);
  expect(printed).toContain(`'${SAME.cloudpickle}'`);
  expect(printed).toContain(`['${minor}']`);
  await say('down same');
  symlinkSync(dirname(dirname(interpreterOf(CLIENT, cache) ?? '')), join(folder, 'image'));
}, 300_000);

test('a cluster in a container computes, tells how it booted, and ends as any other', async () => {
  await say(`up 2 ${REGION} image=${IMAGE} name=contained`);
  expect(await computed('contained', 'print(client.submit(sum, [1, 2, 3]).result())')).toBe('6');
  const { boots } = await say<'logs'>('logs contained');
  for (const { machine, text } of boots) {
    expect(text).toContain('container: installing docker');
    expect(text).toContain(`container: fetching ${IMAGE} with docker`);
    expect(text).toContain(`starting dask ${machine.role}`);
  }
  const { machines } = await say<'status'>('status contained');
  expect(machines.map(({ type }) => type).every((type) => !/^[a-z]+\dg/.test(type))).toBe(true);
  await say('scale contained 1');
  await say('down contained');
  const { instances } = ec2.control.state();
  expect(instances.filter(({ state }) => state !== 'terminated')).toEqual([]);
}, 300_000);

test.each([
  [
    'that its registry does not have',
    'ghcr.io/org/none:1',
    'container: docker could not fetch ghcr.io/org/none:1 (Error response from daemon: manifest for ghcr.io/org/none:1 not found',
  ],
  [
    'without Dask',
    BARE,
    'its Python has no Dask. Add dask[distributed] to the requirements, or name an interpreter or an image',
  ],
])(
  'a container %s fails its cluster in words, and nothing is left',
  async (_, image, reason) => {
    const told = await answers(`up 1 ${REGION} image=${image} name=failing`);
    expect(told.at(-1)).toMatchObject({ type: 'error', kind: 'failed' });
    expect(JSON.stringify(told)).toContain(reason);
    const { instances } = ec2.control.state();
    expect(instances.filter(({ state }) => state !== 'terminated')).toEqual([]);
  },
  300_000,
);
