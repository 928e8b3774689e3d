import { messageOf } from '../message.ts';
import { type Provider, ProviderError } from '../provision/provider.ts';
import { TIMING } from '../reconcile/timing.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Store } from '../state/store.ts';
import { type Sleep, within } from '../within.ts';
import { ClusterPass } from './cluster-pass.ts';
import type { LoopContext, Surroundings } from './context.ts';
import { Sweep } from './sweep.ts';
import { Told } from './told.ts';

/** A lease outlives several passes, and is short enough that another replica takes over soon after a crash; milliseconds. */
const LEASE_MS = 15_000;
const SWEEP_EVERY_MS = 60_000;

export interface LoopOptions extends Surroundings {
  readonly providers: readonly Provider[];
  readonly sleep: Sleep;
  /** Called whenever something was stored, for those who show it. */
  readonly changed: () => void;
}

/**
 * Gives every cluster this process holds the lease of its passes, and sweeps. A pass reads desired and observed state, stores
 * the decision, then acts on it: whatever a crash cuts off, the next pass does.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #told = new Told();
  readonly #clusterPass: ClusterPass;
  readonly #sweep: Sweep;
  /** What an earlier pass began and is not over: clusters by id, and clouds that have yet to list their machines by name. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** How many of those have come to an end so far. */
  #done = 0;
  #sweptAt = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    const context: LoopContext = { ...options, commit: (...write) => this.#commit(...write) };
    this.#sweep = new Sweep(context);
    this.#clusterPass = new ClusterPass(context, this.#sweep);
  }

  /** One pass over all clusters, but for those that an earlier one is still at. Returns in how many milliseconds the next should come. */
  async pass(): Promise<number> {
    const { store, providers, holder, now, sleep } = this.#options;
    // What an earlier pass is still at changes while this one reads, and would be asked for twice.
    const busy = new Set(this.#underWay.keys());
    const leased = await store.lease(holder, now(), now() + LEASE_MS, providers);
    const clusters = leased.filter(({ id }) => !busy.has(id));
    // A clock may also jump back.
    const sweeping = Math.abs(now() - this.#sweptAt) >= SWEEP_EVERY_MS;
    if (clusters.length === 0 && !sweeping) return TIMING.calmMs;
    if (sweeping) this.#sweptAt = now();
    const visits = providers.map((provider) => {
      const mine = clusters.filter((cluster) => cluster.provider === provider.name);
      return mine.length > 0 || sweeping ? this.#visit(provider, mine, sweeping) : TIMING.calmMs;
    });
    let restMs: number | null = null;
    const done = Promise.all(visits).then((rests) => {
      restMs = Math.min(...rests);
    });
    // Ten thousand clusters may take their time, as long as they come to an end one after the other.
    for (let before = -1; restMs === null && before !== this.#done; ) {
      before = this.#done;
      await within(sleep, TIMING.patienceMs, done);
    }
    return restMs ?? TIMING.bootMs;
  }

  /** Resolves when nothing that a pass began goes on any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** The clusters of one cloud, which lists the machines of all of them once. Returns in how many milliseconds they should have their next pass. */
  async #visit(provider: Provider, clusters: readonly Cluster[], sweeping: boolean): Promise<number> {
    const { store, log } = this.#options;
    let refusal: string | null = null;
    const list = async () => {
      try {
        const machines = await provider.machines(store.installation);
        this.#told.over(provider.name);
        return machines;
      } catch (error) {
        const text = `its machines could not be listed: ${messageOf(error)}`;
        if (error instanceof ProviderError) refusal = text;
        if (this.#told.isNews(provider.name, text)) log(`${provider.name}: ${text}`);
        return null;
      }
    };
    const seen = await this.#once(provider.name, list);
    if (seen === undefined) return TIMING.calmMs;
    const free = clusters.filter(({ id }) => !this.#underWay.has(id));
    await Promise.all(free.map(({ id }) => this.#tellRefusal(id, refusal)));
    const records = Map.groupBy(await store.machines(free.map(({ id }) => id)), ({ clusterId }) => clusterId);
    const shown = seen && Map.groupBy(seen, ({ tags }) => tags.clusterId);
    const passes = free.map(async (cluster) => {
      const { id, spec } = cluster;
      const pass = () =>
        this.#clusterPass
          .run(provider, cluster, records.get(id) ?? [], shown && (shown.get(id) ?? []))
          .catch((error: unknown) => {
            log(`${spec.name}: this pass failed and comes again: ${messageOf(error)}`);
            return TIMING.calmMs;
          });
      return (await this.#once(id, pass)) ?? TIMING.calmMs;
    });
    if (sweeping) await this.#sweep.run(provider, seen ?? []);
    return Math.min(TIMING.calmMs, ...(await Promise.all(passes)));
  }

  /** A cluster whose machines nobody may see goes on, and can neither be replaced nor seen to end: that is told once. */
  async #tellRefusal(clusterId: string, refusal: string | null): Promise<void> {
    const what = `list of ${clusterId}`;
    if (refusal === null) {
      this.#told.over(what);
    } else if (this.#told.isNews(what, refusal)) {
      const { holder, now: clock } = this.#options;
      const now = clock();
      const events = [{ clusterId, at: now, level: 'warning' as const, text: refusal }];
      await this.#commit(clusterId, () => ({ events }), { holder, now });
    }
  }

  /** Does this now, unless it is still under way: undefined then. */
  async #once<T>(key: string, task: () => Promise<T>): Promise<T | undefined> {
    if (this.#underWay.has(key)) return undefined;
    const running = task();
    this.#underWay.set(key, running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(key);
      this.#done += 1;
    }
  }

  async #commit(...write: Parameters<Store['commit']>): Promise<Cluster | undefined> {
    const { store, changed } = this.#options;
    const written = await store.commit(...write);
    if (written) changed();
    return written;
  }
}
