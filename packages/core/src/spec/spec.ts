import type { Tag } from './tag.ts';

/** How capacity is bought. `spot` may be taken back by the cloud at short notice. */
export type Market = 'on-demand' | 'spot';

/** What a person asked for: `spot` falls back to on-demand, `spot-only` never does. */
export type MarketChoice = 'on-demand' | 'spot' | 'spot-only';

export type Architecture = 'x86_64' | 'arm64';

/** GPUs that a worker must have: at least so many, of one kind (`a10g`) or, where it is null, of any. */
export interface GpuChoice {
  readonly count: number;
  readonly kind: string | null;
}

/** Whether the workers are kept together in one zone of their region while there is room, or spread over all from the start. */
export type ZoneChoice = 'one' | 'any';

/** How many workers: the same number twice for a fixed size, else the bounds that Dask's adaptive target moves in. */
export interface WorkerRange {
  readonly min: number;
  readonly max: number;
}

/** Minor versions of Python 3, both ends included; `to` is null where any newer one will do. */
export interface PythonRange {
  readonly from: number;
  readonly to: number | null;
}

/** Where a machine's Python comes from. */
export type Environment =
  /** The locked set of packages that daskup ships. */
  | { readonly kind: 'managed' }
  /**
   * The versions that a client has of Python 3 and of what must be the same on its cluster, by package, and its
   * interpreter by absolute path.
   */
  | {
      readonly kind: 'client';
      readonly interpreter: string;
      readonly python: number;
      readonly versions: Readonly<Record<string, string>>;
    }
  /** An interpreter that is already on the machine, by absolute path. */
  | { readonly kind: 'python'; readonly path: string }
  /** A requirements file, by its text, and the versions of Python that it is for; null where any will do. */
  | { readonly kind: 'requirements'; readonly text: string; readonly python: PythonRange | null }
  /** The `python3` of a container image, by its reference. */
  | { readonly kind: 'container'; readonly reference: string };

/** What can be kept under a name. */
export type Requirements = Extract<Environment, { readonly kind: 'requirements' }>;

/**
 * What a cluster is to be. Complete: every default is filled in, so nothing downstream knows about defaults.
 * Memory in GiB, times in seconds, money in micro-dollars.
 */
export interface ClusterSpec {
  readonly name: string;
  readonly workers: WorkerRange;
  readonly market: MarketChoice;
  /** At least one, in the order they were asked for. */
  readonly regions: readonly string[];
  readonly architecture: Architecture | null;
  /** The least a worker's machine must have; 0 where nothing was asked. */
  readonly cpu: number;
  readonly memoryGiB: number;
  readonly gpu: GpuChoice | null;
  readonly ssd: boolean;
  readonly zones: ZoneChoice;
  /** Only these instance types and families of them, such as `g5`; empty means any that fits. */
  readonly types: readonly string[];
  /** Only these for the scheduler; empty means any that fits. */
  readonly schedulerTypes: readonly string[];
  /** The least that each machine's own disk must have, where a cloud makes one. */
  readonly diskGiB: number;
  /** The user's own, on everything that a cloud makes for the cluster. */
  readonly tags: readonly Tag[];
  /** Most that one worker's machine may cost an hour. */
  readonly maxPriceMicros: number | null;
  /** The cluster ends when it has cost this much. */
  readonly budgetMicros: number | null;
  readonly ttlSeconds: number;
  /** Ends after this long without a task. */
  readonly idleSeconds: number;
  /** Ends this long after its last client left; counted only once a client has come. */
  readonly awaySeconds: number;
  /** Share of the workers, 0 to 1, at which the cluster counts as ready. */
  readonly quorum: number;
  readonly environment: Environment;
  /** The image that its machines boot, by the id that its cloud knows it by; null for the cloud's usual one. */
  readonly machineImage: string | null;
  /** Where clients are that are let in as long as it lives, besides those that connect; CIDR blocks. */
  readonly allow: readonly string[];
}

/** Workers that must have joined before the cluster is ready: the quorum's share of those wanted now, at least one. */
export function quorumOf(spec: ClusterSpec, target: number): number {
  return Math.min(target, Math.max(1, Math.ceil(target * spec.quorum)));
}

export function isAdaptive(spec: ClusterSpec): boolean {
  return spec.workers.min < spec.workers.max;
}
