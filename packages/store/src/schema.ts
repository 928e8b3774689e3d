import type { MachineRecord } from '@daskup/core/observe/machine';
import type { Offer } from '@daskup/core/plan/offer';
import type { Place } from '@daskup/core/plan/plan';
import type { Role, SchedulerEndpoint } from '@daskup/core/provision/provider';
import { type ClusterState, LIVE_PHASES, type Phase } from '@daskup/core/reconcile/lifecycle';
import type { ClusterSpec, Market, Requirements } from '@daskup/core/spec/spec';
import type { Client } from '@daskup/core/state/clients';
import type { Launch } from '@daskup/core/state/cluster';
import type { ClusterEvent } from '@daskup/core/state/store';
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

// Migrations are made from this file: `npx drizzle-kit generate`.

/** Milliseconds since 1970, UTC. */
const time = (name: string) => bigint(name, { mode: 'number' });
const micros = (name: string) => bigint(name, { mode: 'number' });

/** Live clusters, and machines not seen gone yet: conditions that an index and its queries must share word for word. */
export const LIVE = sql.raw(`phase in (${LIVE_PHASES.map((phase) => `'${phase}'`).join(', ')})`);
export const ALIVE = sql.raw(`state <> 'terminated'`);

/** One row: which installation this is. */
export const installation = pgTable(
  'installation',
  {
    only: boolean().primaryKey().default(true),
    id: uuid().notNull().defaultRandom(),
  },
  (table) => [check('installation_only', sql`${table.only}`)],
);

export const clusters = pgTable(
  'clusters',
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    spec: jsonb().$type<ClusterSpec>().notNull(),
    state: jsonb().$type<ClusterState>().notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    target: integer().notNull(),
    provider: text().notNull(),
    region: text().notNull(),
    zone: text().notNull(),
    moveTo: jsonb('move_to').$type<Place>(),
    moves: integer().notNull(),
    home: text(),
    /** Sealed, for this row alone. */
    credentials: text().notNull(),
    endpoint: jsonb().$type<SchedulerEndpoint>(),
    attempt: integer().notNull(),
    launches: jsonb().$type<readonly Launch[]>().notNull(),
    failures: integer().notNull(),
    retryAt: time('retry_at').notNull(),
    clientAt: time('client_at'),
    surplusSince: time('surplus_since'),
    clients: jsonb().$type<readonly Client[]>().notNull(),
    admitted: jsonb().$type<readonly string[]>().notNull(),
    // Taken out of the documents by the database itself, so that they cannot disagree.
    name: text().notNull().generatedAlwaysAs(sql`spec ->> 'name'`),
    phase: text().$type<Phase>().notNull().generatedAlwaysAs(sql`state ->> 'phase'`),
    leaseHolder: text('lease_holder'),
    leaseUntil: time('lease_until'),
  },
  (table) => [
    uniqueIndex('clusters_live_name').on(table.name).where(LIVE),
    index('clusters_name').on(table.name),
    index('clusters_created_at').on(table.createdAt),
    check('clusters_lease_whole', sql`(${table.leaseHolder} is null) = (${table.leaseUntil} is null)`),
  ],
);

export const machines = pgTable(
  'machines',
  {
    id: text().primaryKey(),
    clusterId: text('cluster_id')
      .notNull()
      .references(() => clusters.id),
    role: text().$type<Role>().notNull(),
    offer: jsonb().$type<Offer>().notNull(),
    state: text().$type<MachineRecord['state']>().notNull(),
    address: text().notNull(),
    launchedAt: time('launched_at').notNull(),
    runningAt: time('running_at'),
    joinedAt: time('joined_at'),
    absentAt: time('absent_at'),
    seenAt: time('seen_at').notNull(),
    leaving: boolean().notNull(),
    terminateAskedAt: time('terminate_asked_at'),
    endedAt: time('ended_at'),
    endReason: text('end_reason').notNull(),
  },
  (table) => [
    index('machines_cluster_id').on(table.clusterId),
    index('machines_alive').on(table.launchedAt).where(ALIVE),
  ],
);

/** Names and prices are copied in: history does not change with what it came from. */
export const ledger = pgTable(
  'ledger',
  {
    machineId: text('machine_id').notNull(),
    clusterId: text('cluster_id').notNull(),
    clusterName: text('cluster_name').notNull(),
    owner: text().notNull(),
    role: text().$type<Role>().notNull(),
    provider: text().notNull(),
    region: text().notNull(),
    zone: text().notNull(),
    type: text().notNull(),
    market: text().$type<Market>().notNull(),
    from: time('from').notNull(),
    to: time('to').notNull(),
    seconds: bigint({ mode: 'number' }).notNull(),
    microsPerHour: micros('micros_per_hour').notNull(),
    micros: micros('micros').notNull(),
  },
  (table) => [primaryKey({ columns: [table.machineId, table.from] }), index('ledger_to').on(table.to)],
);

export const events = pgTable(
  'events',
  {
    seq: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    clusterId: text('cluster_id')
      .notNull()
      .references(() => clusters.id),
    at: time('at').notNull(),
    level: text().$type<ClusterEvent['level']>().notNull(),
    text: text().notNull(),
  },
  (table) => [index('events_cluster_id_seq').on(table.clusterId, table.seq)],
);

/** Software that a request can name. Clusters have what they were made with copied in. */
export const environments = pgTable('environments', {
  name: text().primaryKey(),
  environment: jsonb().$type<Requirements>().notNull(),
  keptBy: text('kept_by').notNull(),
  keptAt: time('kept_at').notNull(),
});
