import { messageOf } from '../message.ts';
import type { Provider } from '../provision/provider.ts';
import { TIMING } from '../reconcile/timing.ts';
import { NOT_LET_IN } from '../state/clients.ts';
import { type Cluster, identityOf } from '../state/cluster.ts';
import type { Write } from '../state/store.ts';
import type { LoopContext } from './context.ts';
import { Told } from './told.ts';

/** Lets clients in to clusters. */
export class Admissions {
  readonly #context: LoopContext;
  readonly #told = new Told();
  /** Clusters, by id, that clients could not be let in to: whom, and when to try again. */
  readonly #refused = new Map<string, { readonly ranges: string; readonly until: number }>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** Lets clients in from these ranges alone, unless that has just failed: nothing but they waits for it. */
  admit(provider: Provider, cluster: Cluster, ranges: readonly string[], now: number): readonly Promise<unknown>[] {
    const { id, moves } = cluster;
    const { store, holder, commit, now: clock } = this.#context;
    const refused = this.#refused.get(id);
    if (!provider.admitClients) return [];
    if (refused && refused.ranges === ranges.join() && now < refused.until) return [];
    const done = provider.admitClients(identityOf(cluster, store.installation), ranges, cluster.spec.tags).then(
      () => {
        this.#refused.delete(id);
        this.#told.over(id);
        const letIn = (current: Cluster): Write =>
          current.moves === moves ? { cluster: { ...current, admitted: ranges } } : {};
        return commit(id, letIn, { holder, now: clock() });
      },
      async (error: unknown) => {
        const text = `${NOT_LET_IN}: ${messageOf(error)}`;
        this.#refused.set(id, { ranges: ranges.join(), until: clock() + TIMING.noCapacityMs });
        if (!this.#told.isNews(id, text)) return;
        const events = [{ clusterId: id, at: clock(), level: 'warning' as const, text }];
        await commit(id, () => ({ events }), { holder, now: clock() });
      },
    );
    return [done];
  }

  /** The cluster is over. */
  forget(clusterId: string): void {
    this.#refused.delete(clusterId);
    this.#told.over(clusterId);
  }
}
