import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { hasDatabase, noteVersion, sync, syncTree, versionIn } from './data-folder.ts';
import { DurableFS } from './durable-fs.ts';
import { naming, StoreError } from './failure.ts';
import { MIGRATIONS, newer, refuseNewer, VERSION } from './migrate.ts';
import type { Database } from './sql-store.ts';

/** The PostgreSQL that PGlite 0.5.16 is made of; another one's data folder must not be opened. */
const MAJOR = '18';

/**
 * PGlite's own, which turn fsync off, with it on. The database is a few megabytes: buffers for 128 MB, which is what
 * PostgreSQL takes unasked, would only make every daskup that much larger.
 */
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  ...['fsync=on', 'wal_sync_method=fsync', 'shared_buffers=8MB'].flatMap((setting) => ['-c', setting]),
];

/**
 * PostgreSQL ends its process when it cannot write its log, and starts again from what is on disk. Compiled to WebAssembly
 * it has no process to end, and the next query would run for ever: here that query is refused.
 */
class CrashOnlyPGlite extends PGlite {
  readonly #disk: DurableFS;

  constructor(disk: DurableFS) {
    super({ fs: disk, startParams: START_PARAMS });
    this.#disk = disk;
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    if (this.#disk.aborted) {
      throw new StoreError(
        'The embedded database has stopped because it could not write to its folder. What it acknowledged is safe. ' +
          'See whether the disk is full or failing, then start daskup again.',
      );
    }
    return super.execProtocolRawSync(message);
  }
}

/** An embedded database that is open. */
export interface Embedded {
  readonly db: Database;
  close(): Promise<void>;
}

/** Checks, opens and brings up to date what is in a folder that this process has locked. */
export async function openDatabase(folder: string): Promise<Embedded> {
  await using stack = new AsyncDisposableStack();
  const data = join(folder, 'postgres');
  // To open it would already write to it.
  const version = await versionIn(folder);
  if (version > VERSION) throw newer(version - VERSION);
  if (!(await hasDatabase(data, MAJOR))) await initialise(data);
  const client = await open(data);
  stack.defer(() => client.close());
  const db = drizzle(client);
  await naming('The embedded database could not be brought up to date', async () => {
    await refuseNewer(db);
    await refuseIncomplete(db, data);
    await migrate(db, MIGRATIONS);
    if (version !== VERSION) await noteVersion(folder, VERSION);
  });
  const opened = stack.move();
  return { db, close: () => opened.disposeAsync() };
}

/** PostgreSQL itself would notice a table's missing file only once it is asked for what was in it. */
async function refuseIncomplete(db: Database, data: string): Promise<void> {
  const path = sql<string>`pg_relation_filepath(oid)`;
  const files = await db.select({ path }).from(sql`pg_class`).where(sql`${path} is not null`);
  if (!files.every((file) => existsSync(join(data, file.path)))) throw damaged(data);
}

function damaged(data: string): StoreError {
  return new StoreError(
    `${data} cannot be opened: its files are damaged, or a copy of them is not whole. Copy it again from where it came, ` +
      'with no process running on it, or move it away and start with an empty one, which daskup import can fill.',
  );
}

/** Made aside and moved when it is whole and on disk: a crash leaves no database or a good one, never half of one. */
async function initialise(data: string): Promise<void> {
  const unfinished = `${data}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const client = await open(unfinished);
  await client.close();
  await syncTree(unfinished);
  await rename(unfinished, data);
  await sync(dirname(data));
}

async function open(data: string): Promise<PGlite> {
  const client = new CrashOnlyPGlite(new DurableFS(data));
  try {
    await client.waitReady;
  } catch {
    // What PGlite throws says no more than that it could not start.
    throw damaged(data);
  }
  return client;
}
