import { messageOf } from '../message.ts';
import type { Provider } from '../provision/provider.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import { type Cluster, identityOf } from '../state/cluster.ts';
import type { Write } from '../state/store.ts';
import type { LoopContext } from './context.ts';
import { NOT_GIVEN_UP } from './news.ts';
import type { Setbacks } from './setbacks.ts';
import type { Sweep } from './sweep.ts';

/** Makes clusters' places in their clouds, and gives them up. */
export class Places {
  readonly #context: LoopContext;
  readonly #setbacks: Setbacks;
  readonly #sweep: Sweep;

  constructor(context: LoopContext, setbacks: Setbacks, sweep: Sweep) {
    this.#context = context;
    this.#setbacks = setbacks;
    this.#sweep = sweep;
  }

  /** Makes the cluster's place. Returns whether it is there now. */
  async prepare(provider: Provider, cluster: Cluster): Promise<boolean> {
    const { store, commit } = this.#context;
    const identity = identityOf(cluster, store.installation);
    this.#sweep.suspect(provider, identity);
    try {
      const endpoint = await provider.prepare(identity, cluster.zone, cluster.moves, cluster.spec.tags);
      this.#setbacks.worked(cluster.id);
      const after = await commit(cluster.id, (current) =>
        isLive(current.state) ? { cluster: { ...current, endpoint } } : {},
      );
      if (after && isLive(after.state)) this.#sweep.owned(cluster.id);
      return true;
    } catch (error) {
      await this.#setbacks.met(cluster, `its place could not be prepared: ${messageOf(error)}`, error);
      return false;
    }
  }

  /** Gives up the place that had no room, and goes to the next. Returns whether it is there now. */
  async move(provider: Provider, cluster: Cluster): Promise<boolean> {
    const { store, holder, commit, now } = this.#context;
    try {
      await provider.release(identityOf(cluster, store.installation));
      this.#setbacks.worked(cluster.id);
      const toNext = (current: Cluster): Write => {
        const { moveTo } = current;
        if (!moveTo || !isLive(current.state)) return {};
        const moves = current.moves + 1;
        return { cluster: { ...current, ...moveTo, moveTo: null, moves, endpoint: null, admitted: [], retryAt: 0 } };
      };
      const after = await commit(cluster.id, toNext, { holder, now: now() });
      return after?.moveTo === null;
    } catch (error) {
      await this.#notGivenUp(cluster, error);
      return false;
    }
  }

  /** Only when its place is gone is a cluster over: nobody looks at it after that. Returns whether it is. */
  async release(provider: Provider, cluster: Cluster, over: Write): Promise<boolean> {
    const { store, holder, commit, now } = this.#context;
    try {
      await provider.release(identityOf(cluster, store.installation));
      this.#setbacks.worked(cluster.id);
      await commit(cluster.id, () => over, { holder, now: now() });
      this.#setbacks.over(cluster.id);
      return true;
    } catch (error) {
      await this.#notGivenUp(cluster, error);
      return false;
    }
  }

  #notGivenUp(cluster: Cluster, error: unknown): Promise<void> {
    return this.#setbacks.met(cluster, `${NOT_GIVEN_UP}: ${messageOf(error)}`, error);
  }
}
