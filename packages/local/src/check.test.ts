import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@daskup/core/spec/spec';
import { softwareOf } from '@daskup/dask/environment';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { check } from './check.ts';

const folder = mkdtempSync(join(tmpdir(), 'daskup-check-'));
const { PATH } = process.env;
beforeAll(() => writeFileSync(join(folder, 'file'), ''));
afterEach(() => {
  process.env.PATH = PATH;
});
afterAll(() => rmSync(folder, { recursive: true }));

const MANAGED = { kind: 'managed' } as const;
async function problems(home: string, environment: Environment = MANAGED): Promise<readonly string[]> {
  const findings = await check(environment, home, join(folder, 'cache'));
  return findings.filter(({ ok }) => !ok).map(({ message }) => message);
}

test('on this computer all is in order', async () => {
  expect(await problems(join(folder, 'home'))).toEqual([]);
});

test('a home that cannot be is named, with what to do', async () => {
  expect(await problems(join(folder, 'file', 'home'))).toEqual([
    `folder ${folder}/file/home: cannot be written to; set DASKUP_HOME to one that can`,
  ]);
});

test('tools that are missing are named, with what to install', async () => {
  process.env.PATH = folder;
  expect(await problems(join(folder, 'home'))).toEqual([
    'flock: install util-linux',
    'Python: install Python 3.11 or newer and its venv module (python3-venv), or uv',
  ]);
});

test('no tool is needed for an interpreter that is there, nor for an environment that was made before', async () => {
  process.env.PATH = folder;
  expect(await problems(join(folder, 'home'), { kind: 'python', path: '/usr/bin/python3' })).toEqual([]);
  const software = softwareOf(MANAGED);
  const made = join(folder, 'cache', `${'cacheKey' in software ? software.cacheKey : ''}-3.11`);
  mkdirSync(made, { recursive: true });
  expect(await problems(join(folder, 'home'))).toHaveLength(2);
  writeFileSync(join(made, 'complete'), '');
  expect(await problems(join(folder, 'home'))).toEqual([]);
});

test('of a version of Python that is not here, it is told which', async () => {
  const environment = { kind: 'requirements', text: 'dask', python: { from: 98, to: 99 } } as const;
  expect(await problems(join(folder, 'home'), environment)).toEqual([
    'Python: install Python 3.98 to 3.99 and its venv module (python3-venv), or uv',
  ]);
});

test('a container needs docker or podman, and one that has a daemon to talk to', async () => {
  const container = { kind: 'container', reference: 'ghcr.io/org/name:tag' } as const;
  const told = ['containers: neither docker nor podman runs here for this user; install and start one'];
  process.env.PATH = folder;
  expect(await problems(join(folder, 'home'), container)).toEqual(told);
  const docker = (code: number) =>
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\n[ "$*" = info ] && exit ${code}\n`, { mode: 0o755 });
  docker(1);
  expect(await problems(join(folder, 'home'), container)).toEqual(told);
  docker(0);
  expect(await problems(join(folder, 'home'), container)).toEqual([]);
});
