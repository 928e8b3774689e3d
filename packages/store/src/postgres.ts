import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { naming, StoreError } from './failure.ts';
import { MIGRATIONS, refuseNewer } from './migrate.ts';
import type { OpenDatabase } from './open.ts';
import type { Database } from './sql-store.ts';

/** One number for all daskups of a database: who holds this advisory lock migrates. The letters `dask` in ASCII. */
const MIGRATION_LOCK = 0x6461736b;

/** A server that does not answer is an error by then, not a program that hangs; milliseconds. */
const ANSWER_MS = 10_000;

/**
 * A PostgreSQL database, brought up to date first; several processes may share one.
 * @throws {StoreError} when it cannot be reached, is newer than this program, or the URL is none of PostgreSQL's.
 */
export async function openPostgres(databaseUrl: string): Promise<OpenDatabase> {
  const config = { connectionString: checked(databaseUrl), connectionTimeoutMillis: ANSWER_MS };
  await migrateDatabase(config);
  const pool = new pg.Pool({
    ...config,
    query_timeout: ANSWER_MS,
    // The same for the server: a process that stands still in the middle of a change keeps its cluster from no other.
    statement_timeout: ANSWER_MS,
    idle_in_transaction_session_timeout: ANSWER_MS,
  });
  // A connection that breaks would end the process, in use or not; the query it breaks under tells what is wrong.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return { db: pooled(pool), close: () => pool.end() };
}

/**
 * drizzle-orm keeps a pool's connection for ever when its `begin` fails, and gives back one whose query is under way when
 * its `rollback` does: a few such faults leave a pool without connections. Here a transaction that failed takes its along.
 */
function pooled(pool: pg.Pool): Database {
  const db = drizzle(pool);
  db.transaction = async (work, config) => {
    const client = await pool.connect();
    let failed = true;
    try {
      const result = await drizzle(client).transaction(work, config);
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  };
  return db;
}

/** On one connection, whose end also gives the lock back: drizzle's `migrate` fails when two run it at once. */
async function migrateDatabase(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config);
  // A connection that breaks tells whoever waits for a query; this keeps it from ending the process as well.
  client.on('error', () => {});
  try {
    await connect(client);
    await naming('The database could not be brought up to date', async () => {
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const db = drizzle(client);
      await refuseNewer(db);
      await migrate(db, MIGRATIONS);
    });
  } finally {
    await client.end();
  }
}

/** The driver's own errors of connecting say as little as `timeout expired`, and carry nothing that marks them as its. */
async function connect(client: pg.Client): Promise<void> {
  const what = 'The PostgreSQL database of DATABASE_URL could not be opened';
  await naming(what, () => client.connect()).catch((error: unknown) => {
    if (error instanceof StoreError || !(error instanceof Error)) throw error;
    throw new StoreError(`${what}: ${error.message}. See whether a PostgreSQL server can be reached there.`);
  });
}

/** The URL holds a password: no message may repeat it, and Node.js's own for a bad one does. */
function checked(databaseUrl: string): string {
  const wrong =
    'DATABASE_URL is not the URL of a PostgreSQL database: it should be like postgres://user:password@host:5432/name';
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) throw new StoreError(wrong);
  try {
    new pg.Client({ connectionString: databaseUrl });
  } catch {
    throw new StoreError(wrong);
  }
  return databaseUrl;
}
