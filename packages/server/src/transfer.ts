import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@daskup/core/message';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { StorePlace } from '@daskup/store/open';
import { type Contents, contentsOf, readStore, textOf, writeStore } from '@daskup/store/transfer';
import { makeHome } from './home.ts';
import { settingsFrom } from './settings.ts';

/** What went from one place to another; numbers of rows. */
export interface Transferred {
  readonly clusters: number;
  readonly live: number;
  readonly machines: number;
  readonly ledger: number;
  readonly events: number;
  readonly environments: number;
}

/**
 * Writes the store of this environment to a new file, which nobody else may read. The clusters' keys in it are sealed with the secret key.
 * @throws {BadSetting} when the environment names no store.
 * @throws {Error} when there is none, a server has it, or the file is there already or cannot be written whole.
 */
export async function exportStore(file: string, env: NodeJS.ProcessEnv): Promise<Transferred> {
  const contents = await readStore(placeOf(env));
  try {
    await writeFile(file, textOf(contents), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Error(`${file} is there already, and was left as it is: name another file`);
    // Half an export is none.
    await rm(file, { force: true });
    throw new Error(`${file} cannot be written (${code})`);
  }
  return counted(contents);
}

/**
 * Fills the store of this environment, which no server may have used yet, from a file that was exported.
 * @throws {BadSetting} when the environment names no store.
 * @throws {Error} when the file or the store is not as it must be; then nothing was imported.
 */
export async function importStore(file: string, env: NodeJS.ProcessEnv): Promise<Transferred> {
  const place = placeOf(env);
  const text = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new Error(`${file} cannot be read (${code})`);
  });
  let contents: Contents;
  try {
    contents = contentsOf(text);
  } catch (error) {
    throw new Error(`${file} was not imported. ${messageOf(error)}`);
  }
  makeHome(settingsFrom(env).home);
  await writeStore(place, contents);
  return counted(contents);
}

function placeOf(env: NodeJS.ProcessEnv): StorePlace {
  const { home, databaseUrl } = settingsFrom(env);
  return { folder: join(home, 'store'), ...(databaseUrl ? { databaseUrl } : {}) };
}

function counted({ clusters, machines, ledger, events, environments }: Contents): Transferred {
  return {
    clusters: clusters.length,
    live: clusters.filter(({ state }) => isLive(state)).length,
    machines: machines.length,
    ledger: ledger.length,
    events: events.length,
    environments: environments.length,
  };
}
