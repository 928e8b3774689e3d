import { Backoff } from '../provision/backoff.ts';
import { ProviderError } from '../provision/provider.ts';
import { TIMING } from '../reconcile/timing.ts';
import { type Cluster, type Launch, stopping } from '../state/cluster.ts';
import type { Write } from '../state/store.ts';
import type { LoopContext } from './context.ts';
import { Told } from './told.ts';

/** What becomes of a cluster when its cloud could not or would not do what was asked for. */
export class Setbacks {
  readonly #context: LoopContext;
  readonly #backoff = new Backoff(TIMING.backoffMs, TIMING.noCapacityMs);
  readonly #told = new Told();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** The cloud did what it was asked for. */
  worked(clusterId: string): void {
    this.#backoff.worked(clusterId);
  }

  /** What people were told of is over. */
  over(clusterId: string): void {
    this.#told.over(clusterId);
  }

  /**
   * What will not pass by itself ends a cluster that is still starting; everything else is tried again a little later. A
   * person hears of it once, however often that is.
   */
  async met(cluster: Cluster, text: string, error: unknown, launch?: Launch): Promise<void> {
    const { holder, log, commit, now: clock } = this.#context;
    const now = clock();
    const final = error instanceof ProviderError;
    if (!final) log(`${cluster.spec.name}: ${text}; to be tried again`);
    const retryAt = now + (final ? TIMING.noCapacityMs : this.#backoff.failed(cluster.id));
    const isNews = final && cluster.state.phase !== 'starting' && this.#told.isNews(cluster.id, text);
    const events = isNews ? [{ clusterId: cluster.id, at: now, level: 'warning' as const, text }] : [];
    const decide = (current: Cluster): Write => {
      // One that cannot be made is decided anew; one whose answer was lost stays as it is, to be asked for again.
      const launches = final ? current.launches.filter(({ token }) => token !== launch?.token) : current.launches;
      if (final && current.state.phase === 'starting') {
        return {
          cluster: stopping({ ...current, launches }, now, text, true),
          events: [{ clusterId: cluster.id, at: now, level: 'error', text: `failed: ${text}` }],
        };
      }
      return { cluster: { ...current, launches, retryAt }, events };
    };
    await commit(cluster.id, decide, { holder, now });
  }
}
