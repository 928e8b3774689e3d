import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readIfThere, writeOnce } from './write-once.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daskup-once-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('of many that write at once one wins, all hear the same, and nothing else is left', async () => {
  const path = join(folder, 'place');
  expect(await readIfThere(path)).toBeNull();
  const heard = await Promise.all(Array.from({ length: 20 }, (_, i) => writeOnce(path, `${i}`)));
  expect(new Set(heard).size).toBe(1);
  expect(await readIfThere(path)).toBe(heard[0]);
  expect(readdirSync(folder)).toEqual(['place']);
});

test('what cannot be written is said', async () => {
  await expect(writeOnce(join(folder, 'not', 'there'), '')).rejects.toThrow('ENOENT');
});
