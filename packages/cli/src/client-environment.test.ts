import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { clientEnvironment } from './client-environment.ts';

const root = mkdtempSync(join(tmpdir(), 'daskup-client-'));
afterAll(() => rmSync(root, { recursive: true }));

/** An environment as pip and conda leave it, of these folders. */
function environment(name: string, python: string, ...folders: readonly string[]): string {
  const prefix = join(root, name);
  const packages = join(prefix, 'lib', python, 'site-packages');
  mkdirSync(join(prefix, 'bin'), { recursive: true });
  mkdirSync(packages, { recursive: true });
  writeFileSync(join(prefix, 'bin/python'), '', { mode: 0o755 });
  for (const folder of folders) mkdirSync(join(packages, folder));
  return prefix;
}

const DASK = ['dask-2026.8.0.dist-info', 'distributed-2026.8.0.dist-info', 'dask', 'distributed'];

test('what must be the same on a cluster is read from the names of folders, and nothing else', () => {
  const prefix = environment(
    'venv',
    'python3.12',
    ...DASK,
    'msgpack-1.2.4.dist-info',
    'NumPy-2.5.5.dist-info',
    'scikit_learn-1.9.1.dist-info',
    'dask_ml-2025.1.0.dist-info',
    'lz4-4.4.0+built.by.hand.dist-info',
  );
  const versions = { dask: '2026.8.0', distributed: '2026.8.0', msgpack: '1.2.4', numpy: '2.5.5', lz4: '4.4.0' };
  const found = { kind: 'client', interpreter: join(prefix, 'bin/python'), python: 12, versions };
  expect(clientEnvironment({ VIRTUAL_ENV: prefix })).toEqual(found);
  expect(clientEnvironment({ CONDA_PREFIX: prefix })).toEqual(found);
  expect(clientEnvironment({ VIRTUAL_ENV: prefix, CONDA_PREFIX: '/opt/conda' })).toEqual(found);
});

test("conda's link of a shorter name is not taken for a version", () => {
  const prefix = environment('conda', 'python3.11', ...DASK);
  symlinkSync('python3.11', join(prefix, 'lib/python3.1'));
  expect(clientEnvironment({ CONDA_PREFIX: prefix })).toMatchObject({ python: 11 });
});

test('without Dask, or half of it, or anything at all, there is nothing to tell', () => {
  const bare = environment('bare', 'python3.12', 'pip-25.0.dist-info');
  const half = environment('half', 'python3.12', 'dask-2026.8.0.dist-info');
  for (const VIRTUAL_ENV of [bare, half, join(root, 'nowhere'), ''])
    expect(clientEnvironment({ VIRTUAL_ENV })).toBeNull();
  expect(clientEnvironment({})).toBeNull();
});
