import { fileURLToPath } from 'node:url';
import { inArray, not, sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { bigint, pgSchema, text } from 'drizzle-orm/pg-core';
import { StoreError } from './failure.ts';
import type { Database } from './sql-store.ts';

/** Where the migrations are, from whatever folder the program runs in. */
export const MIGRATIONS = { migrationsFolder: fileURLToPath(new URL('../../../migrations', import.meta.url)) };

// The table in which drizzle-orm's `migrate` keeps what it applied.
const drizzle = pgSchema('drizzle');
const applied = drizzle.table('__drizzle_migrations', {
  hash: text().notNull(),
  createdAt: bigint('created_at', { mode: 'number' }),
});

/** How many migrations this program knows: the version of its schema. */
export const VERSION = readMigrationFiles(MIGRATIONS).length;

/**
 * Only reads. A program that writes into a schema it does not know can lose what a newer one stored.
 * @throws {StoreError} when the database has migrations that this program does not know.
 */
export async function refuseNewer(db: Database): Promise<void> {
  const [table] = await db
    .select({ name: sql<string>`tablename` })
    .from(sql`pg_catalog.pg_tables`)
    .where(sql`schemaname = 'drizzle' and tablename = '__drizzle_migrations'`);
  if (!table) return;
  const known = readMigrationFiles(MIGRATIONS).map(({ hash }) => hash);
  const unknown = await db
    .select()
    .from(applied)
    .where(not(inArray(applied.hash, known)));
  if (unknown.length > 0) throw newer(unknown.length);
}

export function newer(unknown: number): StoreError {
  return new StoreError(
    `The database is newer than this daskup: it has ${unknown} migration${unknown > 1 ? 's' : ''} ` +
      'that this version does not know. It was left as it is. Run the version that made it, or a newer one.',
  );
}
