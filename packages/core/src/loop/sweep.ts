import { entryOf } from '../account/account.ts';
import { messageOf } from '../message.ts';
import { isAlive } from '../observe/machine.ts';
import { observe } from '../observe/observe.ts';
import type { ClusterIdentity, Machine, Provider } from '../provision/provider.ts';
import type { LoopContext } from './context.ts';

/** Ends and gives up what no live cluster owns, whoever made it. */
export class Sweep {
  readonly #context: LoopContext;
  /** Places that may have been made for clusters that were over by then. */
  readonly #late = new Map<string, { readonly provider: Provider; readonly identity: ClusterIdentity }>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** A place is about to be made: unless it is {@link owned} soon, another replica may have brought its cluster to its end. */
  suspect(provider: Provider, identity: ClusterIdentity): void {
    this.#late.set(identity.clusterId, { provider, identity });
  }

  /** A live cluster has its place. */
  owned(clusterId: string): void {
    this.#late.delete(clusterId);
  }

  /**
   * Ends what carries our tag and belongs to no live cluster (launches whose answer was lost, clusters long over), and
   * pays for it once it has ended.
   */
  async run(provider: Provider, seen: readonly Machine[]): Promise<void> {
    const { store, log } = this.#context;
    const live = new Set((await store.clusters({ live: true })).map((cluster) => cluster.id));
    const orphans = seen.filter((machine) => !live.has(machine.tags.clusterId));
    const [ended, alive] = [orphans.filter((m) => m.state === 'terminated'), orphans.filter(isAlive)];
    if (alive.length > 0) {
      log(`${provider.name}: sweeping ${alive.length} machines that no live cluster owns`);
      await provider.terminate(alive.map((machine) => machine.id)).catch((error: unknown) => log(messageOf(error)));
    }
    if (ended.length > 0) await this.#settle(ended);
    await this.#giveUpLate(provider, live);
  }

  /** Records and pays for machines that ended after their cluster did. Any replica may: what has ended stays as it is. */
  async #settle(ended: readonly Machine[]): Promise<void> {
    const { store, now, commit } = this.#context;
    const byCluster = Map.groupBy(ended, (machine) => machine.tags.clusterId);
    const recorded = new Set((await store.machines([...byCluster.keys()])).map((machine) => machine.id));
    for (const [clusterId, machines] of byCluster) {
      const missing = machines.filter((machine) => !recorded.has(machine.id));
      if (missing.length === 0) continue;
      const { changed } = observe([], missing, null, now());
      // One of a store that was lost is nobody's: there is nothing to commit to.
      await commit(clusterId, (cluster) => ({
        machines: changed,
        ledger: changed.flatMap((machine) => entryOf(cluster, machine, now()) ?? []),
      }));
    }
  }

  /** A live cluster's place stays: it is given up at that cluster's end. */
  async #giveUpLate(provider: Provider, live: ReadonlySet<string>): Promise<void> {
    for (const [id, late] of this.#late) {
      if (late.provider !== provider) continue;
      try {
        if (!live.has(id)) await provider.release(late.identity);
        this.#late.delete(id);
      } catch (error) {
        this.#context.log(`${late.identity.clusterName}: its place is to be tried again: ${messageOf(error)}`);
      }
    }
  }
}
