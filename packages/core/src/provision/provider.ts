import type { Offer, PriceAge } from '../plan/offer.ts';
import type { Architecture, Environment, Market } from '../spec/spec.ts';
import type { Tag } from '../spec/tag.ts';

export type Role = 'scheduler' | 'worker';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The cluster's own authority and one certificate a role. Whoever holds `client` can run code on the cluster. */
export interface Credentials {
  readonly ca: KeyPair;
  readonly scheduler: KeyPair;
  readonly worker: KeyPair;
  readonly client: KeyPair;
}

/** Where the scheduler will be, known before it boots: Dask's own port and daskup's control port. */
export interface SchedulerEndpoint {
  /** Where the cluster's machines reach it, and where it listens. */
  readonly address: string;
  /** Where the server and clients reach it, when they are in another network than its machines. */
  readonly publicAddress?: string;
  readonly port: number;
  readonly controlPort: number;
}

/** Which cluster something belongs to: enough to find, adopt or delete all of it without a store. */
export interface ClusterIdentity {
  /** The store that owns it. */
  readonly installation: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly owner: string;
  readonly region: string;
}

/** What every machine carries from the call that creates it. Times in milliseconds since 1970, UTC. */
export interface MachineTags extends ClusterIdentity {
  readonly role: Role;
  readonly expiresAt: number;
  /** The launch that made it: {@link LaunchBatch.token}. */
  readonly token: string;
}

/** What a machine needs to boot; the provider turns it into user data with its own way to learn a machine's id. */
export interface Boot {
  readonly role: Role;
  readonly clusterName: string;
  readonly scheduler: SchedulerEndpoint;
  readonly ca: string;
  readonly identity: KeyPair;
  readonly environment: Environment;
  /** The machine ends itself then, whatever else happens; milliseconds since 1970, UTC. */
  readonly expiresAt: number;
  /** It also ends itself when it is not part of a working cluster after this many seconds. */
  readonly joinSeconds: number;
  /** The scheduler ends itself after this many seconds without a task. */
  readonly idleSeconds: number;
}

/** One call for many machines. */
export interface LaunchBatch {
  /**
   * The idempotency key, at most 64 ASCII characters. The same token with the same batch returns the same machines,
   * however often and after whatever crash; with another batch it is refused.
   */
  readonly token: string;
  readonly tags: MachineTags;
  readonly count: number;
  readonly market: Market;
  /** All of this market, best first; the provider may take any of them, and several. */
  readonly offers: readonly Offer[];
  /** The least that each machine's own disk must have, where the provider makes one. */
  readonly diskGiB: number;
  /** The user's own, on all that is made, where the provider has tags that others see. */
  readonly userTags: readonly Tag[];
  /** The id of the image to boot, known to `image`; null for the provider's own choice. */
  readonly machineImage: string | null;
  readonly boot: Boot;
}

export interface LaunchResult {
  readonly machines: readonly Machine[];
  /** Fewer machines than asked for is no error: these say why, an entry a pool or quota that gave too little. */
  readonly shortages: readonly Shortage[];
}

export type Shortage = {
  /** What happened and what to do, for a person. */
  readonly message: string;
} & (
  | {
      /** The pool is empty, others may not be. */
      readonly kind: 'capacity';
      readonly pool: string;
    }
  | {
      /** Nothing is known about the pool: asked again so many milliseconds later, the cloud will give more. */
      readonly kind: 'throttled';
      readonly pool: string;
      readonly retryMs: number;
    }
  | {
      /** The account may have no more on this market in this region, whatever the pool. */
      readonly kind: 'quota';
      readonly market: Market;
      readonly region: string;
    }
);

export type MachineState = 'pending' | 'running' | 'stopping' | 'terminated';

/** A machine as the provider sees it now. Times in milliseconds since 1970, UTC. */
export interface Machine {
  readonly id: string;
  readonly tags: MachineTags;
  readonly state: MachineState;
  readonly offer: Offer;
  /** Empty until the provider knows it. */
  readonly address: string;
  readonly launchedAt: number;
  /** From when the cloud bills it; null before. */
  readonly runningAt: number | null;
  /** Only when `terminated`. */
  readonly endedAt: number | null;
  /** Why it ended, in the provider's words; empty while it lives, and where only the machine itself can tell. */
  readonly endReason: string;
  /** The cloud has said that it will take this machine back. */
  readonly reclaimed: boolean;
}

/** An image that machines can boot, or why not, in words that say what to do. */
export type MachineImage =
  | { readonly ok: true; readonly architecture: Architecture }
  | { readonly ok: false; readonly problem: string };

/** A problem that a person must fix, or a confirmation that something is in order. */
export interface Finding {
  readonly ok: boolean;
  /** What was looked at, what it means and, where not ok, what to do. */
  readonly message: string;
}

/**
 * One cloud, small and dumb: every decision is the core's. All verbs may be called again at any time, by several
 * processes, with the same arguments. They throw {@link ProviderError} for what a person must hear of and anything
 * else for what may pass by itself; the caller retries both until its own deadline.
 */
export interface Provider {
  readonly name: string;
  /** The regions it can launch in: plain words, known without a call. */
  readonly regions: readonly string[];
  /** The home on one computer that alone sees its machines, by id. Left out where every process does, as of a cloud. */
  readonly home?: string;

  /** Every offer in these regions, unranked and unfiltered. May be cached: prices hold for the time the cloud says. */
  offers(regions: readonly string[]): Promise<readonly Offer[]>;

  /** When the prices behind `offers` were read. Left out where nobody need be asked for them. */
  priceAges?(regions: readonly string[]): Promise<readonly PriceAge[]>;

  /** Looks at an image by its id. May be cached: an image does not change. Left out where machines have no images. */
  image?(id: string, region: string): Promise<MachineImage>;

  /**
   * Why the account may not have so many workers of these offers and a scheduler, whatever else runs, in words that say
   * which quota, how much it is and where to ask for more; null when it may, or when that is not known. Left out where there
   * are no quotas.
   */
  quotaProblem?(
    site: { readonly region: string; readonly scheduler: readonly Offer[]; readonly workers: readonly Offer[] },
    workers: number,
  ): Promise<string | null>;

  /**
   * Makes what the cluster needs before any machine (network, firewall, address), and lets this server in. Its scheduler
   * will be launched in this zone. Idempotent: same cluster and number of moves, same answer.
   * @param moves how often the cluster has given its place up before, be it in this zone.
   * @param userTags as of {@link LaunchBatch}; none without.
   */
  prepare(cluster: ClusterIdentity, zone: string, moves: number, userTags?: readonly Tag[]): Promise<SchedulerEndpoint>;

  /**
   * Keeps this server's own way to the cluster open, wherever it has moved since `prepare`, which another server may have
   * called. Costs nothing while nothing has changed. Left out where nobody is kept out.
   * @returns the IPv4 address that is let in for it.
   */
  admitServer?(cluster: ClusterIdentity): Promise<string>;

  /**
   * Lets clients in to the cluster's scheduler, at Dask's port alone, from these ranges and no others besides the server's;
   * `release` ends that. Called when they change. Left out where nobody is kept out.
   * @param ranges IPv4 CIDR blocks.
   * @param userTags as of {@link LaunchBatch}; none without.
   */
  admitClients?(cluster: ClusterIdentity, ranges: readonly string[], userTags?: readonly Tag[]): Promise<void>;

  /** A constant number of cloud calls for any count. Tags are set by the creating call. Partial success is success. */
  launch(batch: LaunchBatch): Promise<LaunchResult>;

  /**
   * Every machine of this installation, or without one of all that ever were, in one paginated call a region; ended ones
   * for as long as the cloud shows them. May lag: a machine just launched can be missing, and missing does not mean ended.
   */
  machines(installation?: string): Promise<readonly Machine[]>;

  /** Asks for an end and returns at once; the end counts once `machines` shows it. Unknown ids are ignored. */
  terminate(ids: readonly string[]): Promise<void>;

  /** Deletes what `prepare` made. Called once no machine is left; again is harmless. */
  release(cluster: ClusterIdentity): Promise<void>;

  /**
   * What the machine printed so far, also while it boots and after it ended for as long as the cloud keeps it; else empty.
   * A call of the cloud's for each: machines tell their scheduler too.
   */
  bootLog(id: string): Promise<string>;

  /**
   * Credentials, permissions, quotas, tools: whatever a cluster of this environment could fail on in a region. Asked before
   * each is made, so what was in order a moment ago need not be looked at again.
   */
  check(environment: Environment, region: string): Promise<readonly Finding[]>;
}

/** Where whoever is not one of its machines reaches a scheduler. */
export function reachableAt({ address, publicAddress }: SchedulerEndpoint): string {
  return publicAddress ?? address;
}

/** Something that will not pass by itself. The message says what happened, what it means and what to do. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}
