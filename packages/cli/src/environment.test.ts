import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request } from '@daskup/core/command/command';
import { afterAll, expect, test } from 'vitest';
import { environmentOf } from './environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'daskup-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `up 1 python=` comes to where PATH is two folders of this test. */
function pythonOf(python: string) {
  const request = { workers: { min: 1, max: 1 }, python };
  return environmentOf({ verb: 'up', request }, { PATH: `${join(folder, 'empty')}:${join(folder, 'bin')}` });
}

test('an interpreter is given by its path, or by a name alone that is on the PATH', async () => {
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'empty', 'python3'), { recursive: true });
  const path = join(folder, 'bin', 'python3');
  writeFileSync(path, '', { mode: 0o755 });
  writeFileSync(join(folder, 'bin', 'python4'), '', { mode: 0o644 });
  expect(await pythonOf('python3')).toEqual({ kind: 'python', path });
  expect(await pythonOf(path)).toEqual({ kind: 'python', path });
  await expect(pythonOf('python4')).rejects.toThrow('python=python4: no folder of PATH has a program of that name');
  await expect(pythonOf('./python3')).rejects.toThrow(/^python=.\/python3: there is no program at .*\/python3$/);
});

test('a ~ at the beginning of a path is the home folder, as nothing else has it read', async () => {
  await expect(pythonOf('~/no/such/python')).rejects.toThrow(
    `there is no program at ${process.env.HOME}/no/such/python`,
  );
});

/** What `up 1` with these options comes to, in a shell with these variables. */
function sentWith(options: Partial<Request>, env: NodeJS.ProcessEnv = {}) {
  return environmentOf({ verb: 'up', request: { workers: { min: 1, max: 1 }, ...options } }, env);
}
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('a file goes along by its text, a name does not, and neither does what this shell has beside them', async () => {
  const path = file('requirements.txt', '-e /here/too\ndask\n');
  const text = { kind: 'requirements', text: '-e /here/too\ndask\n', python: null };
  expect(await sentWith({ env: path })).toEqual(text);
  expect(await environmentOf({ verb: 'env', task: { do: 'add', name: 'etl', file: path } })).toEqual(text);
  expect(await sentWith({ env: 'etl' })).toBeNull();
  const lib = join(folder, 'venv/lib/python3.12/site-packages');
  for (const name of ['dask-1', 'distributed-1']) mkdirSync(join(lib, `${name}.dist-info`), { recursive: true });
  mkdirSync(join(folder, 'venv/bin'));
  writeFileSync(join(folder, 'venv/bin/python'), '');
  const shell = { VIRTUAL_ENV: join(folder, 'venv') };
  expect(await sentWith({}, shell)).toMatchObject({ kind: 'client', python: 12 });
  expect(await sentWith({ env: 'etl' }, shell)).toBeNull();
  expect(await sentWith({ image: { kind: 'machine', id: 'ami-01234567' } }, shell)).toBeNull();
});

test('a lock of uv is for the versions of Python that it says, or for the one that its project is installed with', async () => {
  const lock = readFileSync(new URL('testing/project/uv.lock', import.meta.url), 'utf8');
  const path = file('uv.lock', lock);
  expect(await sentWith({ env: path })).toMatchObject({
    text: expect.stringMatching(/^click==/),
    python: { from: 11, to: null },
  });
  mkdirSync(join(folder, '.venv/lib/python3.13'), { recursive: true });
  expect(await sentWith({ env: path })).toMatchObject({ python: { from: 13, to: 13 } });
  // A file of that name may be a requirements file.
  expect(await sentWith({ env: file('requirements.lock', 'dask==1\n') })).toMatchObject({
    text: 'dask==1\n',
    python: null,
  });
});

test.each([
  ['environment.yml', 'dependencies: [dask]', 'that is no requirements file. Make one: pip list --format=freeze'],
  ['pyproject.toml', '[project]', 'that is no requirements file. Make one: uv lock, and give it uv.lock'],
  ['poetry.lock', '[[package]]', 'that is no requirements file. Make one: poetry export'],
  ['binary.txt', 'dask\0', 'that is no text, and so no requirements file'],
  ['other.txt', 'dask\n-r base.txt\n', 'machines do not have what -r base.txt names. Write all packages into one file'],
  ['editable.txt', 'dask\n -e .\n', 'machines do not have what -e . names'],
  ['path.txt', './wheels/mine.whl\n', 'machines do not have what ./wheels/mine.whl names'],
  ['uv.lock', 'version = 1\n', 'the project does not depend on dask and distributed'],
] as const)('%s is refused in one line with what to do', async (name, text, message) => {
  const path = file(name, text);
  await expect(sentWith({ env: path })).rejects.toThrow(`env=${path}: ${message}`);
  const add = environmentOf({ verb: 'env', task: { do: 'add', name: 'etl', file: path } });
  await expect(add).rejects.toThrow(`${path}: ${message}`);
});
