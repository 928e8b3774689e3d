import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { check } from './check.ts';

const folder = mkdtempSync(join(tmpdir(), 'daskup-check-'));
const { PATH } = process.env;
beforeAll(() => writeFileSync(join(folder, 'file'), ''));
afterEach(() => {
  process.env.PATH = PATH;
});
afterAll(() => rmSync(folder, { recursive: true }));

const problems = async (home: string) => (await check(home)).filter(({ ok }) => !ok).map(({ message }) => message);

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
  const found = await problems(join(folder, 'home'));
  expect(found).toEqual([
    'flock: install util-linux',
    'Python: install python3 (3.11 or newer) and python3-venv, or uv',
  ]);
});
