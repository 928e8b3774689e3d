import type { Cluster } from '@daskup/core/state/cluster';
import { MemoryStore } from '@daskup/core/state/memory';
import type { ClusterEvent, Write } from '@daskup/core/state/store';

/** Hears of each change of a store as it is made. */
export interface StoreWatcher {
  created(cluster: Cluster, events: readonly ClusterEvent[]): void;
  committed(clusterId: string, write: Write): void;
}

/** A store in memory that tells what is written, and makes use of its right to decide twice. */
export class WatchedStore extends MemoryStore {
  readonly #watcher: StoreWatcher;

  constructor(installation: string, watcher: StoreWatcher) {
    super(installation);
    this.#watcher = watcher;
  }

  override async create(cluster: Cluster, events: readonly ClusterEvent[]): Promise<boolean> {
    const made = await super.create(cluster, events);
    if (made) this.#watcher.created(cluster, events);
    return made;
  }

  override async commit(
    clusterId: string,
    decide: (current: Cluster) => Write,
    lease?: { readonly holder: string; readonly now: number },
  ): Promise<Cluster | undefined> {
    let write: Write | undefined;
    const decideTwice = (current: Cluster) => {
      decide(current);
      write = decide(current);
      return write;
    };
    const after = await super.commit(clusterId, decideTwice, lease);
    if (write && after) this.#watcher.committed(clusterId, write);
    return after;
  }
}
