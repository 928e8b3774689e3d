import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { MachineRecord } from '@daskup/core/observe/machine';
import type { Cluster } from '@daskup/core/state/cluster';
import type { ClusterEvent, KeptEnvironment, Reach, Store, StoredEvent, Write } from '@daskup/core/state/store';
import { and, asc, desc, eq, getTableColumns, gt, gte, isNull, lt, lte, max, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { naming } from './failure.ts';
import { documentOf } from './read.ts';
import { toClusters, toEnvironments, toEvents, toLedger, toMachines } from './rows.ts';
import { ALIVE, clusters, environments, events, installation, LIVE, ledger, machines } from './schema.ts';
import type { Seal } from './seal.ts';
import { insertRows, upsertRows } from './write.ts';

/** A database, or one transaction in it, on whichever driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

const { name: _name, phase: _phase, leaseHolder, leaseUntil, ...columns } = getTableColumns(clusters);
/** What the core knows of a cluster. */
export const clusterColumns = columns;

/** By code, whatever language the database sorts by. */
export const byCode = (column: PgColumn) => sql`${column} collate "C"`;
const newestFirst = [desc(clusters.createdAt), desc(byCode(clusters.id))];
const byLaunch = [asc(machines.launchedAt), asc(byCode(machines.id))];

/**
 * The store of a database whose schema is up to date.
 * @throws {StoreError} from it and from every method of the store, when the database cannot do what it is asked.
 */
export async function sqlStore(db: Database, seal: Seal, close: () => Promise<void>): Promise<Store> {
  const id = await naming('The installation could not be read', async () => {
    await db.insert(installation).values({}).onConflictDoNothing();
    const [row] = await db.select({ id: installation.id }).from(installation);
    return row?.id;
  });
  if (id === undefined)
    throw new Error('The installation was written and is not there: the schema is not what it should be.');
  return new SqlStore(db, id, seal, close);
}

class SqlStore implements Store {
  readonly installation: string;
  readonly #db: Database;
  readonly #seal: Seal;
  readonly #close: () => Promise<void>;

  constructor(db: Database, installation: string, seal: Seal, close: () => Promise<void>) {
    this.#db = db;
    this.installation = installation;
    this.#seal = seal;
    this.#close = close;
  }

  create(cluster: Cluster, news: readonly ClusterEvent[]): Promise<boolean> {
    return naming('The cluster could not be created', () =>
      this.#db.transaction(async (tx) => {
        const credentials = this.#seal.close(JSON.stringify(cluster.credentials), cluster.id);
        const insert = insertRows(clusters, [{ ...cluster, credentials }], sql`(name) where ${LIVE} do nothing`);
        const made = tx.$with('made', { id: sql<string>`id`.as('id') }).as(sql`${insert} returning id`);
        const rows = await tx.with(made).select().from(made);
        if (rows.length === 0) return false;
        if (news.length > 0) await tx.execute(insertRows(events, news));
        return true;
      }),
    );
  }

  commit(
    clusterId: string,
    decide: (current: Cluster) => Write,
    lease?: { readonly holder: string; readonly now: number },
  ): Promise<Cluster | undefined> {
    return naming('The change could not be stored', () =>
      // Nothing in here may use the outer database: the embedded one has a single session, which this transaction holds.
      this.#db.transaction(async (tx) => {
        const [row] = await tx
          .select({ cluster: clusterColumns, holder: leaseHolder, until: leaseUntil })
          .from(clusters)
          .where(eq(clusters.id, clusterId))
          .for('update');
        if (!row) return undefined;
        if (lease && (row.holder !== lease.holder || row.until === null || row.until <= lease.now)) return undefined;
        const [current] = toClusters([row.cluster], this.#seal);
        if (!current) return undefined;
        const write = decide(current);
        await apply(tx, write, row.cluster.credentials);
        return write.cluster ?? current;
      }),
    );
  }

  lease(holder: string, now: number, until: number, reach?: readonly Reach[]): Promise<readonly Cluster[]> {
    const db = this.#db;
    const halfway = now + Math.max(0, Math.floor((until - now) / 2));
    const mine = reach && (or(...reach.map(isWithin)) ?? sql`false`);
    const open = and(LIVE, mine);
    const free = or(isNull(leaseHolder), lte(leaseUntil, now), and(eq(leaseHolder, holder), lte(leaseUntil, halfway)));
    const due = db
      .$with('due')
      .as(db.select({ id: clusters.id }).from(clusters).where(and(open, free)).for('update', { skipLocked: true }));
    const take = db
      .with(due)
      .update(clusters)
      .set({ leaseHolder: holder, leaseUntil: until })
      .from(due)
      .where(eq(clusters.id, due.id))
      .returning(clusterColumns);
    return naming('The clusters could not be leased', async () => {
      const rows = await db
        .select({ cluster: clusterColumns, holder: leaseHolder, until: leaseUntil })
        .from(clusters)
        .where(and(open, or(free, eq(leaseHolder, holder))));
      const kept = rows.filter((row) => row.holder === holder && row.until !== null && row.until > halfway);
      // Seldom: most of the time there is nothing to take, and nothing is written.
      const taken = kept.length < rows.length ? await take : [];
      return toClusters([...kept.map(({ cluster }) => cluster), ...taken], this.#seal);
    });
  }

  async unlease(holder: string): Promise<void> {
    await naming('The leases could not be given back', () =>
      this.#db.update(clusters).set({ leaseHolder: null, leaseUntil: null }).where(eq(leaseHolder, holder)),
    );
  }

  async cluster(name: string): Promise<Cluster | undefined> {
    const [found] = await naming('The cluster could not be read', async () =>
      toClusters(
        await this.#db
          .select(clusterColumns)
          .from(clusters)
          .where(eq(clusters.name, name))
          .orderBy(desc(LIVE), ...newestFirst)
          .limit(1),
        this.#seal,
      ),
    );
    return found;
  }

  clusters(filter?: { readonly live?: boolean }): Promise<readonly Cluster[]> {
    return naming('The clusters could not be read', async () =>
      toClusters(
        await this.#db
          .select(clusterColumns)
          .from(clusters)
          .where(filter?.live ? LIVE : undefined)
          .orderBy(...newestFirst),
        this.#seal,
      ),
    );
  }

  machines(clusterIds: readonly string[]): Promise<readonly MachineRecord[]> {
    return this.#machinesWhere(sql`${machines.clusterId} = any(${sql.param(clusterIds)})`);
  }

  liveMachines(): Promise<readonly MachineRecord[]> {
    return this.#machinesWhere(ALIVE);
  }

  events(clusterId: string, after = 0): Promise<readonly StoredEvent[]> {
    // A cluster's events become visible in the order of `seq`: it is drawn while the cluster's row is locked.
    return naming('The events could not be read', async () =>
      toEvents(
        await this.#db
          .select()
          .from(events)
          .where(and(eq(events.clusterId, clusterId), gt(events.seq, after)))
          .orderBy(asc(events.seq)),
      ),
    );
  }

  lastEvent(clusterId: string): Promise<number> {
    return naming('The events could not be read', async () => {
      const [row] = await this.#db
        .select({ seq: max(events.seq) })
        .from(events)
        .where(eq(events.clusterId, clusterId));
      return row?.seq ?? 0;
    });
  }

  ledger(period: { readonly from: number; readonly to: number }): Promise<readonly LedgerEntry[]> {
    // An entry of no length belongs to the period that its moment is in: the cloud's minimum is billed for it.
    const ends = or(gt(ledger.to, period.from), gte(ledger.from, period.from));
    return naming('The ledger could not be read', async () =>
      toLedger(
        await this.#db
          .select()
          .from(ledger)
          .where(and(lt(ledger.from, period.to), ends))
          .orderBy(asc(ledger.from), asc(byCode(ledger.machineId))),
      ),
    );
  }

  async keepEnvironment(kept: KeptEnvironment): Promise<void> {
    const replace = sql`(name) do update set environment = excluded.environment, kept_by = excluded.kept_by, kept_at = excluded.kept_at`;
    await naming('The environment could not be kept', () =>
      this.#db.execute(insertRows(environments, [kept], replace)),
    );
  }

  environments(): Promise<readonly KeptEnvironment[]> {
    return naming('The environments could not be read', async () =>
      toEnvironments(await this.#db.select().from(environments).orderBy(byCode(environments.name))),
    );
  }

  async forgetEnvironment(name: string): Promise<boolean> {
    const gone = await naming('The environment could not be forgotten', () =>
      this.#db.delete(environments).where(eq(environments.name, name)).returning({ name: environments.name }),
    );
    return gone.length > 0;
  }

  close(): Promise<void> {
    return this.#close();
  }

  #machinesWhere(condition: SQL): Promise<readonly MachineRecord[]> {
    return naming('The machines could not be read', async () => {
      const [row] = await this.#db
        .select({ all: documentOf(machines, byLaunch) })
        .from(machines)
        .where(condition);
      return toMachines(row?.all ?? []);
    });
  }
}

function isWithin({ name, home }: Reach): SQL | undefined {
  return and(eq(clusters.provider, name), or(isNull(clusters.home), home ? eq(clusters.home, home) : undefined));
}

/** At most one statement a table, however many rows. The cluster's credentials stay `sealed` as they are. */
async function apply(tx: Database, write: Write, sealed: string): Promise<void> {
  const { cluster, machines: fleet = [], ledger: entries = [], events: news = [] } = write;
  if (cluster) await tx.execute(upsertRows(clusters, [{ ...cluster, credentials: sealed }]));
  if (fleet.length > 0) await tx.execute(upsertRows(machines, fleet));
  if (entries.length > 0) await tx.execute(insertRows(ledger, entries, sql`do nothing`));
  if (news.length > 0) await tx.execute(insertRows(events, news));
}
