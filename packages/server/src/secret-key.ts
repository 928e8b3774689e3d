import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isCode } from '@daskup/core/system-error';
import { BadSetting } from './home.ts';

/** 32 bytes in base64, as `openssl rand -base64 32` prints them. */
export const SECRET_KEY = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The key that this home's store is sealed with, in a file beside it that only its owner reads; made on first use, on the
 * disk before anything is sealed with it. Of several processes that make it at once one wins.
 * @throws {BadSetting} when the file holds no key.
 */
export function secretKeyIn(home: string): Buffer {
  const path = join(home, 'secret.key');
  const text = read(path) ?? make(path);
  if (SECRET_KEY.test(text)) return Buffer.from(text, 'base64');
  throw new BadSetting(
    `${path} holds no secret key: put back the file that was there. Without it clusters that run can only be ended: move it away for that`,
  );
}

function make(path: string): string {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, 'w', 0o600);
  writeSync(file, `${randomBytes(32).toString('base64')}\n`);
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(draft, path);
    const folder = openSync(join(path, '..'), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  return read(path) ?? '';
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}
