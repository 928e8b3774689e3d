import { randomUUID } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isCode } from '@daskup/core/system-error';

/** The longest path a Unix socket can have on Linux and macOS; bytes. Source: unix(7), and sys/un.h of macOS. */
const SOCKET_PATH_BYTES = 103;

/** A setting that cannot be used as it is; the message names it and says what it must be, never its value if that may be secret. */
export class BadSetting extends Error {}

/**
 * The folder that everything daskup keeps on this computer is in, by absolute path.
 * @throws {BadSetting} when a server could not listen in it.
 */
export function homeFrom(env: NodeJS.ProcessEnv): string {
  const home = resolve(env.DASKUP_HOME || join(homedir(), '.daskup'));
  if (Buffer.byteLength(socketOf(home)) > SOCKET_PATH_BYTES)
    throw new BadSetting(`DASKUP_HOME is too long for a socket: name a folder of a shorter path than ${home}`);
  return home;
}

/** Where clients find the server of this home that started last. */
export function socketOf(home: string): string {
  return join(home, 'server.sock');
}

/**
 * Makes the home where it is not there yet; nobody else may reach the socket or read what is kept in it.
 * @throws {BadSetting} when it cannot be made, or is another's.
 */
export function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    chmodSync(home, 0o700);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    throw new BadSetting(`DASKUP_HOME must be a folder of yours, and ${home} cannot be made one${why}`);
  }
}

/** Which home this is, made up once: other servers of its store know by it whose its local machines are. */
export function homeId(home: string): string {
  const path = join(home, 'id');
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, randomUUID(), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8');
}
