import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretKeyIn } from './secret-key.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daskup-key-'));
});
afterEach(() => rmSync(home, { recursive: true }));

test("a home has one key, random and its owner's alone", () => {
  const key = secretKeyIn(home);
  expect(key).toHaveLength(32);
  expect(secretKeyIn(home)).toEqual(key);
  expect(readdirSync(home)).toEqual(['secret.key']);
  expect(statSync(join(home, 'secret.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(home, 'secret.key'), 'utf8').trim()).toBe(key.toString('base64'));
  rmSync(join(home, 'secret.key'));
  expect(secretKeyIn(home)).not.toEqual(key);
});

test('a file that holds no key is left alone, and not told', () => {
  for (const text of ['', 'sesame', Buffer.alloc(31, 1).toString('base64')]) {
    writeFileSync(join(home, 'secret.key'), text);
    expect(() => secretKeyIn(home)).toThrow(/^\/.*secret\.key holds no secret key: put back the file that was there/);
    expect(() => secretKeyIn(home)).not.toThrow('sesame');
    expect(readFileSync(join(home, 'secret.key'), 'utf8')).toBe(text);
  }
});
