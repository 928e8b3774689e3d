import type { Provider } from './provider.ts';

/** Something in a cloud that carries daskup's tags, whoever made it and whatever became of the rest. */
export interface Leftover {
  /** A machine's role, or what else it is, such as `network interface`. */
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  /** Empty where it is no cluster's. */
  readonly cluster: string;
  readonly owner: string;
  /** What a person tells it by besides, such as an instance type. */
  readonly detail: string;
  /** Since when it is there, milliseconds since 1970, UTC; null where the cloud does not say. */
  readonly since: number | null;
  /** Whether it costs by the second. */
  readonly isMachine: boolean;
}

export interface Found {
  readonly leftovers: readonly Leftover[];
  /** Of daskup too, but costs next to nothing and is deleted in another way; a line for people that names it. */
  readonly kept: string | null;
  /** Where not everything could be looked at, one region or several, and why: what is there is not among the others. */
  readonly unanswered: readonly { readonly region: string; readonly why: string }[];
}

/**
 * The last resort of a cloud: finds and deletes by tags and credentials alone, whatever any store knows.
 * All verbs throw `ProviderError` for what a person must do.
 */
export interface Sweeper {
  /** Whose all of it is, for the question before it ends, such as `AWS account 123456789012`. */
  scope(): Promise<string>;
  /** Looks at these regions, or everywhere. */
  find(regions?: readonly string[]): Promise<Found>;
  /** Asks for the end of these and returns at once. What something else still uses stays: ask again until none is found. */
  remove(leftovers: readonly Leftover[]): Promise<void>;
}

/** The sweeper of a provider that makes nothing but machines. */
export function machineSweeper(provider: Pick<Provider, 'machines' | 'terminate'>, scope: string): Sweeper {
  return {
    scope: async () => scope,
    async find() {
      const alive = (await provider.machines()).filter(({ state }) => state !== 'terminated');
      const leftovers = alive.map(({ id, tags: { role, region, clusterName, owner }, offer, launchedAt }) => ({
        kind: role,
        id,
        region,
        cluster: clusterName,
        owner,
        detail: offer.type,
        since: launchedAt,
        isMachine: true,
      }));
      return { leftovers, kept: null, unanswered: [] };
    },
    remove: (leftovers) => provider.terminate(leftovers.map(({ id }) => id)),
  };
}
