import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
