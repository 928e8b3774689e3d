import type { Architecture, GpuChoice, MarketChoice, WorkerRange, ZoneChoice } from '../spec/spec.ts';
import type { Tag } from '../spec/tag.ts';

/**
 * What `up` and `plan` were told; only what was said, defaults come with the spec. Memory in GiB, times in seconds,
 * money in micro-dollars.
 */
export interface Request {
  readonly workers: WorkerRange;
  readonly name?: string;
  readonly market?: MarketChoice;
  readonly regions?: readonly string[];
  readonly architecture?: Architecture;
  readonly cpu?: number;
  readonly memoryGiB?: number;
  readonly gpu?: GpuChoice;
  readonly ssd?: true;
  readonly zones?: ZoneChoice;
  /** Instance types, and families of them. */
  readonly types?: readonly string[];
  readonly schedulerTypes?: readonly string[];
  readonly diskGiB?: number;
  readonly tags?: readonly Tag[];
  readonly maxPriceMicros?: number;
  readonly budgetMicros?: number;
  readonly ttlSeconds?: number;
  readonly idleSeconds?: number;
  readonly awaySeconds?: number;
  /** From 0.01 to 1, in whole hundredths. */
  readonly quorum?: number;
  /** An interpreter's path. */
  readonly python?: string;
  /** A file's path, or the name that an environment is kept by. */
  readonly env?: string;
  readonly image?: Image;
  /** CIDR blocks. */
  readonly allow?: readonly string[];
}

/** What `image=` names: what machines boot, or a container that Dask runs in on them. */
export type Image =
  | { readonly kind: 'machine'; readonly id: string }
  | { readonly kind: 'container'; readonly reference: string };

/** What is to be done with the environments that are kept by name. */
export type EnvironmentTask =
  | { readonly do: 'ls' }
  | { readonly do: 'add'; readonly name: string; readonly file: string }
  | { readonly do: 'show' | 'rm'; readonly name: string };

export type CostPeriod = 'today' | '7d' | 'month';
export type CostGroup = 'user' | 'cluster' | 'region' | 'type';

/** What each verb is told. */
export interface Payloads {
  readonly up: { readonly request: Request };
  readonly plan: { readonly request: Request };
  readonly scale: { readonly name: string; readonly workers: WorkerRange };
  readonly extend: { readonly name: string; readonly seconds: number };
  readonly down: { readonly target: { readonly name: string } | { readonly all: true } };
  readonly ls: unknown;
  readonly status: { readonly name: string };
  /** From a CIDR block, where that is another place than the server's. */
  readonly connect: { readonly name: string; readonly from?: string };
  readonly logs: { readonly name: string };
  readonly env: { readonly task: EnvironmentTask };
  readonly cost: { readonly period: CostPeriod; readonly by?: CostGroup };
  readonly reclaim: { readonly name: string };
  readonly help: { readonly word?: string };
}

export type Verb = keyof Payloads;

/** A line of the grammar, parsed: of one verb, or of any. */
export type Command<V extends Verb = Verb> = { [K in V]: { readonly verb: K } & Payloads[K] }[V];
