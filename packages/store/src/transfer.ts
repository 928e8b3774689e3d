import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { MachineRecord } from '@daskup/core/observe/machine';
import type { ClusterEvent, KeptEnvironment } from '@daskup/core/state/store';
import { asc, getTableColumns, type InferInsertModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { naming, StoreError } from './failure.ts';
import { VERSION } from './migrate.ts';
import { openDatabase, type StorePlace } from './open.ts';
import { type SealedCluster, toEnvironments, toLedger, toMachines, toNews, toSealed } from './rows.ts';
import { clusters, environments, events, installation, ledger, machines } from './schema.ts';
import { byCode, clusterColumns, type Database } from './sql-store.ts';
import { insertRows } from './write.ts';

/** Everything a store holds but its leases, which belong to servers. */
export interface Contents {
  readonly installation: string;
  /** Their keys sealed, as they are stored: to open them takes the secret key of the store they come from. */
  readonly clusters: readonly SealedCluster[];
  readonly machines: readonly MachineRecord[];
  readonly ledger: readonly LedgerEntry[];
  /** In the order in which they happened. */
  readonly events: readonly ClusterEvent[];
  readonly environments: readonly KeptEnvironment[];
}

// A file of a store is JSON lines: the head, a line a row under its table's name, and the end, which shows that nothing is
// missing or altered.

const Head = z.strictObject({ daskup: z.literal('store'), version: z.int(), installation: z.uuid() });
const Row = z.union([
  z.strictObject({ cluster: z.unknown() }),
  z.strictObject({ machine: z.unknown() }),
  z.strictObject({ ledger: z.unknown() }),
  z.strictObject({ event: z.unknown() }),
  z.strictObject({ environment: z.unknown() }),
]);
const End = z.strictObject({ rows: z.int(), sha256: z.string() });

/** How many rows go into one statement. */
const BATCH = 1_000;

/**
 * All of a store as it is at one moment, whoever works on it meanwhile.
 * @throws {Error} when there is no store there, or it cannot be opened or read.
 */
export async function readStore(place: StorePlace): Promise<Contents> {
  if (place.databaseUrl === undefined && !existsSync(place.folder)) {
    throw new StoreError(
      `There is no store in ${place.folder}: see whether DASKUP_HOME and DATABASE_URL are as they should be.`,
    );
  }
  const { db, close } = await openDatabase(place);
  try {
    return await naming('The store could not be read', () =>
      db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' }),
    );
  } finally {
    await close();
  }
}

async function read(tx: Database): Promise<Contents> {
  const [one] = await tx.select({ id: installation.id }).from(installation);
  if (!one) throw new StoreError('The store is empty: no server has used it yet.');
  const { seq: _seq, ...news } = getTableColumns(events);
  return {
    installation: one.id,
    clusters: toSealed(await tx.select(clusterColumns).from(clusters).orderBy(byCode(clusters.id))),
    machines: toMachines(await tx.select().from(machines).orderBy(byCode(machines.id))),
    ledger: toLedger(await tx.select().from(ledger).orderBy(byCode(ledger.machineId), asc(ledger.from))),
    events: toNews(await tx.select(news).from(events).orderBy(asc(events.seq))),
    environments: toEnvironments(await tx.select().from(environments).orderBy(byCode(environments.name))),
  };
}

/**
 * Puts everything into a store that no server has used yet, all or nothing.
 * @throws {Error} when the store cannot be opened or is in use already.
 */
export async function writeStore(place: StorePlace, contents: Contents): Promise<void> {
  const { db, close } = await openDatabase(place);
  try {
    await naming('Nothing was imported', () => db.transaction((tx) => write(tx, contents)));
  } finally {
    await close();
  }
}

async function write(tx: Database, contents: Contents): Promise<void> {
  // A server that starts meanwhile waits for this row, and is then of this installation.
  const made = await tx.insert(installation).values({ id: contents.installation }).onConflictDoNothing().returning();
  if (made.length === 0) {
    throw new StoreError(
      'Nothing was imported: the store is in use already, and an import needs one that no server has used. ' +
        'Make a new database, or move the old folder away.',
    );
  }
  await fill(tx, clusters, contents.clusters);
  await fill(tx, machines, contents.machines);
  await fill(tx, ledger, contents.ledger);
  await fill(tx, events, contents.events);
  await fill(tx, environments, contents.environments);
}

async function fill<T extends PgTable>(tx: Database, table: T, rows: readonly InferInsertModel<T>[]): Promise<void> {
  for (let i = 0; i < rows.length; i += BATCH) await tx.execute(insertRows(table, rows.slice(i, i + BATCH)));
}

/** The text of a store's file. */
export function textOf({ installation, clusters, machines, ledger, events, environments }: Contents): string {
  const rows = [
    ...clusters.map((cluster) => ({ cluster })),
    ...machines.map((machine) => ({ machine })),
    ...ledger.map((entry) => ({ ledger: entry })),
    ...events.map((event) => ({ event })),
    ...environments.map((environment) => ({ environment })),
  ];
  const head: z.infer<typeof Head> = { daskup: 'store', version: VERSION, installation };
  const text = [head, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('');
  return `${text}${JSON.stringify({ rows: rows.length, sha256: hash(text) } satisfies z.infer<typeof End>)}\n`;
}

/**
 * What a store's file says, checked whole.
 * @throws {StoreError} that says what is wrong with it; it shows nothing of what the file holds.
 */
export function contentsOf(text: string): Contents {
  const body = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
  const end = text.endsWith('\n') ? parsed(End, text.slice(body.length)) : null;
  const [first = '', ...lines] = body.split('\n').slice(0, -1);
  const head = parsed(Head, first);
  if (!end || !head) throw new StoreError('It is no export of a store, or one that is cut off. Export it again.');
  if (end.rows !== lines.length || end.sha256 !== hash(body)) {
    throw new StoreError('It is not what was exported: somebody or something changed it. Export it again.');
  }
  if (head.version !== VERSION) {
    throw new StoreError(
      `It was exported by another version of daskup (its stores have version ${head.version}, this one's ${VERSION}). ` +
        'Import it with the version that exported it; a newer one brings that store up to date when it opens it.',
    );
  }
  const rows = lines.map((line) => parsed(Row, line) ?? {});
  const of = (table: string) => rows.flatMap((row) => (table in row ? [Reflect.get(row, table)] : []));
  const contents = {
    installation: head.installation,
    clusters: toSealed(of('cluster')),
    machines: toMachines(of('machine')),
    ledger: toLedger(of('ledger')),
    events: toNews(of('event')),
    environments: toEnvironments(of('environment')),
  };
  const { installation: _, ...tables } = contents;
  const known = Object.values(tables).flat().length;
  if (known !== rows.length) throw new StoreError('It has lines that are no rows of a store. Export it again.');
  return contents;
}

function parsed<T>(schema: z.ZodType<T>, line: string): T | null {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
