import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@daskup/core/spec/spec';
import { afterAll, expect, test } from 'vitest';
import { interpreterOf, softwareOf } from './environment.ts';

const cache = mkdtempSync(join(tmpdir(), 'daskup-cache-'));
afterAll(() => rmSync(cache, { recursive: true }));

const MANAGED = softwareOf({ kind: 'managed' });
const client = (python: number, versions: Readonly<Record<string, string>>): Environment => ({
  kind: 'client',
  interpreter: '/venv/bin/python',
  python,
  versions,
});
/** A version of what comes with daskup, as its lock has it for this Python. */
function own(name: string, python: number): string {
  if (!('requirements' in MANAGED)) throw new Error('there is nothing to install');
  const sign = python < 12 ? '<' : '>=';
  return (
    new RegExp(`^${name}==(\\S+)(?: ; python_full_version ${sign} '3.12')?$`, 'm').exec(MANAGED.requirements)?.[1] ?? ''
  );
}

test("a client with daskup's own versions gets daskup's own packages, which are made or in the image already", () => {
  for (const python of [11, 12, 13]) {
    const versions = { dask: own('dask', python), msgpack: own('msgpack', python), numpy: own('numpy', python) };
    const pythons = { from: python, to: python };
    expect(softwareOf(client(python, versions))).toEqual({ ...MANAGED, pythons });
  }
  expect(own('numpy', 11)).not.toBe(own('numpy', 12));
});

test('another client gets its own versions, and what else they need as it is today', () => {
  const versions = { dask: '2025.1.0', distributed: '2025.1.0', msgpack: own('msgpack', 12) };
  expect(softwareOf(client(12, versions))).toMatchObject({
    requirements: `dask==2025.1.0\ndistributed==2025.1.0\nmsgpack==${versions.msgpack}\n`,
    pythons: { from: 12, to: 12 },
  });
  // What does not come with daskup is one more.
  expect(softwareOf(client(12, { dask: own('dask', 12), pandas: '3.1.1' }))).toMatchObject({
    requirements: `dask==${own('dask', 12)}\npandas==3.1.1\n`,
  });
  // Of another Python numpy's version is another, and not that client's.
  expect(softwareOf(client(12, { numpy: own('numpy', 11) }))).toMatchObject({
    requirements: expect.not.stringMatching(/dask/),
  });
});

test('an environment that was made is found by its packages and its Python', () => {
  const environment: Environment = { kind: 'requirements', text: 'dask\n', python: { from: 12, to: 13 } };
  const software = softwareOf(environment);
  const folder = (version: string) => join(cache, `${'cacheKey' in software ? software.cacheKey : ''}-${version}`);
  for (const version of ['3.9', '3.11', '3.12', '3.14']) mkdirSync(folder(version));
  for (const version of ['3.9', '3.11', '3.14']) writeFileSync(join(folder(version), 'complete'), '');
  expect(interpreterOf(environment, cache)).toBeNull();
  writeFileSync(join(folder('3.12'), 'complete'), '');
  expect(interpreterOf(environment, cache)).toBe(join(folder('3.12'), 'bin/python'));
  expect(interpreterOf({ ...environment, python: { from: 14, to: null } }, cache)).toBe(
    join(folder('3.14'), 'bin/python'),
  );
});
