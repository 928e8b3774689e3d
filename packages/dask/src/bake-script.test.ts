import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bakeScript, secretProblem } from './bake-script.ts';
import { softwareOf } from './environment.ts';

function packagesOf(text: string) {
  const packages = softwareOf({ kind: 'requirements', text, python: null });
  if (!('cacheKey' in packages)) throw new Error('these are packages');
  return packages;
}

test.each([
  '--extra-index-url https://ada:s3cret@index.example.org/simple',
  '-i https://t0ken@index.example.org/simple',
  'mine @ git+https://ada:s3cret@git.example.org/mine.git@main',
  'mine @ ssh://ada:s3cret@git.example.org/mine.git',
])('packages are not baked with a secret, which is told by its line alone: %s', (line) => {
  const problem = secretProblem(packagesOf(`toolz\n${line}\n`));
  expect(problem).toMatch(/^line 2 of the requirements has a user or password/);
  expect(problem).not.toMatch(/s3cret|t0ken/);
});

test.each([
  'toolz==1.0.0',
  '--extra-index-url https://index.example.org/simple',
  'mine @ git+https://git.example.org/mine.git@main',
  'mine @ git+ssh://git@git.example.org/mine.git',
  'mine @ git+https://git@git.example.org/mine.git',
])('packages without one are baked: %s', (line) => {
  expect(secretProblem(packagesOf(line))).toBeNull();
});

test('what a machine that bakes was told is not on its disk once it is off', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daskup-bake-'));
  const packages = packagesOf('toolz==1.0.0\n');
  // One that is whole already: how it is made is tested where machines are.
  const made = join(folder, 'cache', `${packages.cacheKey}-3.12`);
  mkdirSync(join(made, 'bin'), { recursive: true });
  symlinkSync('/bin/true', join(folder, 'python3.12'));
  symlinkSync(join(folder, 'python3.12'), join(made, 'bin/python'));
  writeFileSync(join(made, 'complete'), join(folder, 'python3.12'));
  const identify = `export DASKUP_ID=m-1 DASKUP_ADDRESS=127.7.7.7 DASKUP_DIR=${folder} DASKUP_CACHE=${join(folder, 'cache')}
shutdown() { ls "$DASKUP_DIR"; kill -KILL -- "-$$"; }`;
  writeFileSync(join(folder, 'boot.sh'), bakeScript(packages, Date.now() + 120_000, { identify }));
  const run = promisify(execFile)('/usr/bin/setsid', ['--wait', '/bin/bash', 'boot.sh'], {
    cwd: folder,
    timeout: 60_000,
  });
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  expect(stdout).toContain('ending: its environment is in place, with Python 3.12');
  expect(stdout).toMatch(/^work$/m);
  expect(stdout).not.toContain('requirements.txt');
  expect(existsSync(join(made, 'complete'))).toBe(true);
  rmSync(folder, { recursive: true, force: true });
});
