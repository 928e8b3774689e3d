import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { MachineRecord } from '@daskup/core/observe/machine';
import type { Offer } from '@daskup/core/plan/offer';
import type { Credentials, SchedulerEndpoint } from '@daskup/core/provision/provider';
import type { ClusterState } from '@daskup/core/reconcile/lifecycle';
import type { ClusterSpec, Environment, Requirements } from '@daskup/core/spec/spec';
import type { Cluster, Launch } from '@daskup/core/state/cluster';
import type { ClusterEvent, KeptEnvironment, StoredEvent } from '@daskup/core/state/store';
import { z } from 'zod';
import { StoreError } from './failure.ts';
import type { Seal } from './seal.ts';

// Each schema's type is the core's own, so a field that the core gains cannot be forgotten here. Strict, so that a field
// this version does not know is an error and not lost on the next write.

const count = z.int().min(0);
const time = z.int();
const role = z.enum(['scheduler', 'worker']);
const market = z.enum(['on-demand', 'spot']);
const architecture = z.enum(['x86_64', 'arm64']);
const keyPair = z.strictObject({ cert: z.string(), key: z.string() });

const offer: z.ZodType<Offer> = z.strictObject({
  provider: z.string(),
  region: z.string(),
  zone: z.string(),
  type: z.string(),
  market,
  architecture,
  vcpus: z.number(),
  memoryGiB: z.number(),
  gpus: z.number(),
  gpuKind: z.string().nullable(),
  ssdGiB: z.number(),
  byNameOnly: z.string().nullable(),
  microsPerHour: count,
  minimumSeconds: z.number(),
});

const requirements = z.strictObject({
  kind: z.literal('requirements'),
  text: z.string(),
  python: z.strictObject({ from: count, to: count.nullable() }).nullable(),
}) satisfies z.ZodType<Requirements>;
const environment: z.ZodType<Environment> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('managed') }),
  z.strictObject({
    kind: z.literal('client'),
    interpreter: z.string(),
    python: count,
    versions: z.record(z.string(), z.string()),
  }),
  z.strictObject({ kind: z.literal('python'), path: z.string() }),
  requirements,
  z.strictObject({ kind: z.literal('container'), reference: z.string() }),
]);

const spec: z.ZodType<ClusterSpec> = z.strictObject({
  name: z.string(),
  workers: z.strictObject({ min: count, max: count }),
  market: z.enum(['on-demand', 'spot', 'spot-only']),
  regions: z.array(z.string()),
  architecture: architecture.nullable(),
  cpu: z.number(),
  memoryGiB: z.number(),
  gpu: z.strictObject({ count, kind: z.string().nullable() }).nullable(),
  ssd: z.boolean(),
  zones: z.enum(['one', 'any']),
  types: z.array(z.string()),
  schedulerTypes: z.array(z.string()),
  diskGiB: z.number(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
  maxPriceMicros: count.nullable(),
  budgetMicros: count.nullable(),
  ttlSeconds: z.number(),
  idleSeconds: z.number(),
  awaySeconds: z.number(),
  quorum: z.number(),
  environment,
  machineImage: z.string().nullable(),
  allow: z.array(z.string()),
});

const state: z.ZodType<ClusterState> = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('starting'), since: time }),
  z.strictObject({ phase: z.literal('ready'), since: time }),
  z.strictObject({ phase: z.literal('stopping'), since: time, why: z.string(), failed: z.boolean() }),
  z.strictObject({ phase: z.literal('ended'), at: time, why: z.string() }),
  z.strictObject({ phase: z.literal('failed'), at: time, why: z.string() }),
]);

const credentials: z.ZodType<Credentials> = z.strictObject({
  ca: keyPair,
  scheduler: keyPair,
  worker: keyPair,
  client: keyPair,
});

const endpoint: z.ZodType<SchedulerEndpoint> = z.strictObject({
  address: z.string(),
  publicAddress: z.exactOptional(z.string()),
  port: z.int(),
  controlPort: z.int(),
});

const launch: z.ZodType<Launch> = z.strictObject({
  token: z.string(),
  role,
  market,
  count,
  offers: z.array(offer),
  expiresAt: time,
});

/** As it is stored: its credentials sealed. */
export type SealedCluster = Omit<Cluster, 'credentials'> & { readonly credentials: string };

const cluster: z.ZodType<SealedCluster> = z.strictObject({
  id: z.string(),
  owner: z.string(),
  spec,
  state,
  createdAt: time,
  expiresAt: time,
  target: count,
  provider: z.string(),
  region: z.string(),
  zone: z.string(),
  moveTo: z.strictObject({ region: z.string(), zone: z.string() }).nullable(),
  moves: count,
  home: z.string().nullable(),
  credentials: z.string(),
  endpoint: endpoint.nullable(),
  attempt: count,
  launches: z.array(launch),
  failures: count,
  retryAt: time,
  clientAt: time.nullable(),
  surplusSince: time.nullable(),
  clients: z.array(z.strictObject({ range: z.string(), until: time })),
  admitted: z.array(z.string()),
});

const machine: z.ZodType<MachineRecord> = z.strictObject({
  id: z.string(),
  clusterId: z.string(),
  role,
  offer,
  state: z.enum(['pending', 'running', 'stopping', 'terminated']),
  address: z.string(),
  launchedAt: time,
  runningAt: time.nullable(),
  joinedAt: time.nullable(),
  absentAt: time.nullable(),
  seenAt: time,
  leaving: z.boolean(),
  terminateAskedAt: time.nullable(),
  endedAt: time.nullable(),
  endReason: z.string(),
});

const ledgerEntry: z.ZodType<LedgerEntry> = z.strictObject({
  machineId: z.string(),
  clusterId: z.string(),
  clusterName: z.string(),
  owner: z.string(),
  role,
  provider: z.string(),
  region: z.string(),
  zone: z.string(),
  type: z.string(),
  market,
  from: time,
  to: time,
  seconds: count,
  microsPerHour: count,
  micros: count,
});

const news = {
  clusterId: z.string(),
  at: time,
  level: z.enum(['info', 'warning', 'error']),
  text: z.string(),
};
const event: z.ZodType<StoredEvent> = z.strictObject({ seq: z.int(), ...news });
/** An event before it has its place in a store. */
const clusterEvent: z.ZodType<ClusterEvent> = z.strictObject(news);

const keptEnvironment: z.ZodType<KeptEnvironment> = z.strictObject({
  name: z.string(),
  environment: requirements,
  keptBy: z.string(),
  keptAt: time,
});

/** Rows as they came from the database to what the core knows. @throws {StoreError} naming the place, not the value. */
function parser<T>(what: string, schema: z.ZodType<T>): (rows: readonly unknown[]) => T[] {
  return (rows) =>
    rows.map((row) => {
      const parsed = schema.safeParse(row);
      if (parsed.success) return parsed.data;
      const places = parsed.error.issues.map((issue) => issue.path.join('.') || 'the row itself').join(', ');
      throw new StoreError(
        `A stored ${what} is not what this version of daskup expects at ${places}: another version or a hand wrote it.`,
      );
    });
}

export const toSealed = parser('cluster', cluster);
const toCredentials = parser('credential', credentials);

/** As above; the credentials that this seal does not open are null. */
export function toClusters(rows: readonly unknown[], seal: Seal): Cluster[] {
  return toSealed(rows).map((row) => {
    const text = seal.open(row.credentials, row.id);
    const [opened = null] = text === null ? [] : toCredentials([JSON.parse(text)]);
    return { ...row, credentials: opened };
  });
}
export const toMachines = parser('machine', machine);
export const toLedger = parser('ledger entry', ledgerEntry);
export const toEvents = parser('event', event);
export const toNews = parser('event', clusterEvent);
export const toEnvironments = parser('environment', keptEnvironment);
