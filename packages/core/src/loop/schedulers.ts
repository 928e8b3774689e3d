import { messageOf } from '../message.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import type { SchedulerStatus } from '../observe/scheduler.ts';
import { Spells } from '../observe/spells.ts';
import type { Provider } from '../provision/provider.ts';
import { TIMING } from '../reconcile/timing.ts';
import { type Cluster, identityOf } from '../state/cluster.ts';
import type { LoopContext } from './context.ts';

/** What clusters' schedulers say, and for how long some have said nothing. */
export class Schedulers {
  readonly #context: LoopContext;
  /** Without an answer from the scheduler, and without a client. */
  readonly #silences = new Spells();
  readonly #absences = new Spells();
  /** Clusters, by id, that a scheduler or a worker is expected in: the scheduler tells when it has come. */
  readonly #expecting = new Set<string>();
  /** When this server last saw to its own way to a cluster, by id. */
  readonly #soughtAt = new Map<string, number>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** What the scheduler says; null while there is none to ask, or it does not answer. */
  async status(
    provider: Provider,
    cluster: Cluster,
    records: readonly MachineRecord[],
  ): Promise<SchedulerStatus | null> {
    const { endpoint, credentials, expiresAt, state } = cluster;
    const { control, now } = this.#context;
    const up = records.some((machine) => machine.role === 'scheduler' && isAlive(machine));
    if (!endpoint || !credentials || !up || state.phase === 'stopping') {
      this.#silences.over(cluster.id);
      this.#absences.over(cluster.id);
      return null;
    }
    try {
      const status = await control.status(endpoint, credentials, expiresAt);
      this.#silences.over(cluster.id);
      if (status.clients > 0) this.#absences.over(cluster.id);
      else this.#absences.goesOn(cluster.id, now());
      return status;
    } catch {
      this.#silences.goesOn(cluster.id, now());
      this.#seekWay(provider, cluster);
      return null;
    }
  }

  /** For how long a cluster's scheduler has not answered; milliseconds. */
  silentMs(clusterId: string, now: number): number {
    return this.#silences.of(clusterId, now);
  }

  /** For how long a cluster has had no client; milliseconds. */
  awayMs(clusterId: string, now: number): number {
    return this.#absences.of(clusterId, now);
  }

  /** The next pass comes as soon as the scheduler has come up, or has another number of workers. */
  expect({ id, endpoint, credentials }: Cluster, workers: number | null): void {
    if (!endpoint || !credentials || this.#expecting.has(id)) return;
    this.#expecting.add(id);
    const { control, wake } = this.#context;
    const change = control.change(endpoint, credentials, workers);
    change
      .finally(() => this.#expecting.delete(id))
      // One that does not answer is noticed by its silence.
      .then(wake, () => {});
  }

  isExpecting(clusterId: string): boolean {
    return this.#expecting.has(clusterId);
  }

  /** The cluster is over. */
  forget(clusterId: string): void {
    this.#soughtAt.delete(clusterId);
  }

  /** Where a scheduler does not answer, this server may have moved, or not be the one that was let in. */
  #seekWay(provider: Provider, cluster: Cluster): void {
    const { store, now, log } = this.#context;
    const sought = this.#soughtAt.get(cluster.id);
    if (!provider.admitServer || (sought !== undefined && Math.abs(now() - sought) < TIMING.seekWayMs)) return;
    this.#soughtAt.set(cluster.id, now());
    const name = cluster.spec.name;
    provider
      .admitServer(identityOf(cluster, store.installation))
      .catch((error: unknown) => log(`${name}: this server may not be let in to it: ${messageOf(error)}`));
  }
}
