import type { LedgerEntry } from '../account/ledger.ts';
import type { MachineRecord } from '../observe/machine.ts';
import type { Requirements } from '../spec/spec.ts';
import type { Cluster } from './cluster.ts';

/** One line of a cluster's history, for people. `at` in milliseconds since 1970, UTC. */
export interface ClusterEvent {
  readonly clusterId: string;
  readonly at: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

/** An event as it was stored; `seq` grows with every event of the store. */
export interface StoredEvent extends ClusterEvent {
  readonly seq: number;
}

/** What changes together: all of it or nothing, in one transaction. */
export interface Write {
  /** What the cluster is to be; left out, it stays as it is. */
  readonly cluster?: Cluster;
  /** Replaced by id. */
  readonly machines?: readonly MachineRecord[];
  /** Added; an entry of a machine and `from` that is there already is left as it is. */
  readonly ledger?: readonly LedgerEntry[];
  readonly events?: readonly ClusterEvent[];
}

/** A software environment that is kept by name. `keptAt` in milliseconds since 1970, UTC. */
export interface KeptEnvironment {
  readonly name: string;
  readonly environment: Requirements;
  readonly keptBy: string;
  readonly keptAt: number;
}

/** Of whose clusters a process can see and make the machines: those of a provider that are everywhere's, and of a home. */
export interface Reach {
  readonly name: string;
  readonly home?: string;
}

/**
 * Desired state and history. Every answer of a promise that resolved survives a crash of the process and of the machine,
 * except in the in-memory store. Several processes may share one, each change being a transaction.
 */
export interface Store {
  /** Made once, when the store is; every machine carries it as a tag. */
  readonly installation: string;

  /** False when a live cluster of that name exists: of two at once, one wins. */
  create(cluster: Cluster, events: readonly ClusterEvent[]): Promise<boolean>;

  /**
   * Decides on the cluster as it is at that moment, which no one else can change meanwhile, and writes what was decided.
   * `decide` is pure: it may be called again. Returns the cluster as it now is; undefined, and nothing written, when it does not exist or, with `holder`, when its
   * lease is not (or no longer, at `now`) that holder's. Without `holder` the lease does not matter: a person's command.
   */
  commit(
    clusterId: string,
    decide: (current: Cluster) => Write,
    lease?: { readonly holder: string; readonly now: number },
  ): Promise<Cluster | undefined>;

  /**
   * Takes, until `until`, every live cluster within `reach` (left out, of any provider and home) whose lease is free or
   * over at `now`; returns those and this holder's own. A lease of its own is renewed once less than half of that time is
   * left: often asked, this seldom writes.
   */
  lease(holder: string, now: number, until: number, reach?: readonly Reach[]): Promise<readonly Cluster[]>;

  /** Gives all of a holder's leases back at once: an orderly stop. */
  unlease(holder: string): Promise<void>;

  /** The live cluster of this name, else the last one that had it. */
  cluster(name: string): Promise<Cluster | undefined>;

  /** Newest first. `live` leaves out those that ended or failed. */
  clusters(filter?: { readonly live?: boolean }): Promise<readonly Cluster[]>;

  /** All machines of these clusters, ended ones too, by launch. */
  machines(clusterIds: readonly string[]): Promise<readonly MachineRecord[]>;

  /** Machines not seen gone yet, of all clusters. */
  liveMachines(): Promise<readonly MachineRecord[]>;

  /** Events of one cluster after `seq`, oldest first. */
  events(clusterId: string, after?: number): Promise<readonly StoredEvent[]>;

  /** The `seq` of a cluster's last event; 0 when it has none. */
  lastEvent(clusterId: string): Promise<number>;

  /** Entries that overlap the period from (inclusive) to (exclusive); times in milliseconds since 1970, UTC. */
  ledger(period: { readonly from: number; readonly to: number }): Promise<readonly LedgerEntry[]>;

  /** Keeps it, in the place of one of its name. */
  keepEnvironment(kept: KeptEnvironment): Promise<void>;

  /** Those that are kept, by name. */
  environments(): Promise<readonly KeptEnvironment[]>;

  /** False when none is kept by this name. */
  forgetEnvironment(name: string): Promise<boolean>;

  close(): Promise<void>;
}
