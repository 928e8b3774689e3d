import type { LedgerEntry } from '../account/ledger.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterEvent, KeptEnvironment, Reach, Store, StoredEvent, Write } from './store.ts';

interface Lease {
  readonly holder: string;
  readonly until: number;
}

/**
 * A {@link Store} that forgets: for tests, and for a run whose clusters can be found again from their machines' tags.
 * JavaScript runs each method's body in one piece, so every method is a transaction.
 */
export class MemoryStore implements Store {
  readonly installation: string;
  readonly #clusters = new Map<string, Cluster>();
  readonly #leases = new Map<string, Lease>();
  readonly #machines = new Map<string, MachineRecord>();
  readonly #ledger = new Map<string, LedgerEntry>();
  readonly #events: StoredEvent[] = [];
  readonly #environments = new Map<string, KeptEnvironment>();

  constructor(installation: string) {
    this.installation = installation;
  }

  async create(cluster: Cluster, events: readonly ClusterEvent[]): Promise<boolean> {
    const taken = [...this.#clusters.values()].some(
      (other) => isLive(other.state) && other.spec.name === cluster.spec.name,
    );
    if (taken) return false;
    this.#write(cluster.id, { cluster, events });
    return true;
  }

  async commit(
    clusterId: string,
    decide: (current: Cluster) => Write,
    lease?: { readonly holder: string; readonly now: number },
  ): Promise<Cluster | undefined> {
    const current = this.#clusters.get(clusterId);
    if (!current) return undefined;
    if (lease) {
      const held = this.#leases.get(clusterId);
      if (held?.holder !== lease.holder || held.until <= lease.now) return undefined;
    }
    this.#write(clusterId, decide(current));
    return this.#clusters.get(clusterId);
  }

  async lease(holder: string, now: number, until: number, reach?: readonly Reach[]): Promise<readonly Cluster[]> {
    const halfway = now + Math.max(0, Math.floor((until - now) / 2));
    return this.#newestFirst().filter((cluster) => {
      const { id, state } = cluster;
      if (!isLive(state) || (reach && !reach.some((one) => isWithin(cluster, one)))) return false;
      const held = this.#leases.get(id);
      if (held && held.holder !== holder && held.until > now) return false;
      if (held?.holder !== holder || held.until <= halfway) this.#leases.set(id, { holder, until });
      return true;
    });
  }

  async unlease(holder: string): Promise<void> {
    for (const [id, held] of this.#leases) if (held.holder === holder) this.#leases.delete(id);
  }

  async cluster(name: string): Promise<Cluster | undefined> {
    const named = this.#newestFirst().filter((cluster) => cluster.spec.name === name);
    return named.find((cluster) => isLive(cluster.state)) ?? named[0];
  }

  async clusters(filter?: { readonly live?: boolean }): Promise<readonly Cluster[]> {
    return this.#newestFirst().filter((cluster) => !filter?.live || isLive(cluster.state));
  }

  async machines(clusterIds: readonly string[]): Promise<readonly MachineRecord[]> {
    const wanted = new Set(clusterIds);
    return this.#byLaunch().filter((machine) => wanted.has(machine.clusterId));
  }

  async liveMachines(): Promise<readonly MachineRecord[]> {
    return this.#byLaunch().filter(isAlive);
  }

  async events(clusterId: string, after = 0): Promise<readonly StoredEvent[]> {
    return this.#events.filter((event) => event.clusterId === clusterId && event.seq > after);
  }

  async lastEvent(clusterId: string): Promise<number> {
    return this.#events.findLast((event) => event.clusterId === clusterId)?.seq ?? 0;
  }

  async ledger(period: { readonly from: number; readonly to: number }): Promise<readonly LedgerEntry[]> {
    return [...this.#ledger.values()]
      .filter(({ from, to }) => from < period.to && (to > period.from || from >= period.from))
      .sort((a, b) => a.from - b.from || compareText(a.machineId, b.machineId));
  }

  async keepEnvironment(kept: KeptEnvironment): Promise<void> {
    this.#environments.set(kept.name, kept);
  }

  async environments(): Promise<readonly KeptEnvironment[]> {
    return [...this.#environments.values()].sort((a, b) => compareText(a.name, b.name));
  }

  async forgetEnvironment(name: string): Promise<boolean> {
    return this.#environments.delete(name);
  }

  async close(): Promise<void> {}

  #write(clusterId: string, { cluster, machines = [], ledger = [], events = [] }: Write): void {
    if (cluster) this.#clusters.set(clusterId, cluster);
    for (const machine of machines) this.#machines.set(machine.id, machine);
    for (const entry of ledger) {
      const key = JSON.stringify([entry.machineId, entry.from]);
      if (!this.#ledger.has(key)) this.#ledger.set(key, entry);
    }
    for (const event of events) this.#events.push({ ...event, seq: this.#events.length + 1 });
  }

  #newestFirst(): Cluster[] {
    return [...this.#clusters.values()].sort((a, b) => b.createdAt - a.createdAt || compareText(b.id, a.id));
  }

  #byLaunch(): MachineRecord[] {
    return [...this.#machines.values()].sort((a, b) => a.launchedAt - b.launchedAt || compareText(a.id, b.id));
  }
}

function isWithin({ provider, home }: Cluster, reach: Reach): boolean {
  return provider === reach.name && (home === null || home === reach.home);
}

/** By code, not by a language's alphabet: the same order on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
