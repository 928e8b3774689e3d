import type { Offer } from '../plan/offer.ts';
import type { Place } from '../plan/plan.ts';
import type { ClusterIdentity, Credentials, Provider, Role, SchedulerEndpoint } from '../provision/provider.ts';
import { type ClusterState, move } from '../reconcile/lifecycle.ts';
import type { ClusterSpec, Market } from '../spec/spec.ts';
import type { Client } from './clients.ts';

/** The longest a cluster can live, however often it is extended: its certificates end then, and are not renewed. Seconds. */
export const LIFE_SECONDS = 30 * 86_400;

/**
 * A launch that was decided and whose outcome is not yet recorded. It is stored before the cloud is asked, so that a
 * crash between the two ends in the same call with the same token, which makes nothing twice.
 */
export interface Launch {
  readonly token: string;
  readonly role: Role;
  readonly market: Market;
  readonly count: number;
  readonly offers: readonly Offer[];
  /** The deadline the machines are told, kept here so that a repeated call is the same call. */
  readonly expiresAt: number;
}

/** Desired state of one cluster. Times in milliseconds since 1970, UTC. */
export interface Cluster {
  readonly id: string;
  readonly owner: string;
  readonly spec: ClusterSpec;
  readonly state: ClusterState;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Workers wanted now; moves between spec.workers.min and max. */
  readonly target: number;
  readonly provider: string;
  readonly region: string;
  /** Its scheduler's; its workers' too while it has room, unless any zone will do. */
  readonly zone: string;
  /** Where it goes as soon as nothing of it is left where it is, which had no room for it; null while it stays. */
  readonly moveTo: Place | null;
  /** How often it has moved: each of its places is another than those before, be it in the same zone. */
  readonly moves: number;
  /** The home that alone sees its machines ({@link Provider.home}); null when every server does. */
  readonly home: string | null;
  /** Made with the cluster, and never changed. Null where another secret key sealed them: it can only be ended then. */
  readonly credentials: Credentials | null;
  /** Null until the provider has prepared the cluster's place. */
  readonly endpoint: SchedulerEndpoint | null;
  /** How many launches were decided so far; part of each launch's token. */
  readonly attempt: number;
  readonly launches: readonly Launch[];
  /** Machines in a row that ended without having joined. */
  readonly failures: number;
  /** No new launch before then. */
  readonly retryAt: number;
  /** When a client was first seen; null while none has come. */
  readonly clientAt: number | null;
  /** Since when Dask has wanted fewer workers than there are; null while it does not. */
  readonly surplusSince: number | null;
  /** Who has connected from elsewhere than the server. */
  readonly clients: readonly Client[];
  /** The ranges that clients are let in from where it is now: what they are to be, once that was carried out. */
  readonly admitted: readonly string[];
}

export function identityOf({ id, spec, owner, region }: Cluster, installation: string): ClusterIdentity {
  return { installation, clusterId: id, clusterName: spec.name, owner, region };
}

/** Longer than any wait for a new try; milliseconds. */
const NO_WAIT_MS = 120_000;

/** Whether what went wrong may be tried again by now. What is far ahead was written by a clock that has jumped back since. */
export function mayTry({ retryAt }: Cluster, now: number): boolean {
  return now >= retryAt || retryAt - now > NO_WAIT_MS;
}

/** A cluster that is to end from `since` on. Nothing that went wrong before puts its end off. */
export function stopping(cluster: Cluster, since: number, why: string, failed: boolean): Cluster {
  return { ...cluster, state: move(cluster.state, { phase: 'stopping', since, why, failed }), retryAt: 0 };
}
