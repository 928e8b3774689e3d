import type { Architecture, MarketChoice, WorkerRange } from '../spec/spec.ts';

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
  readonly gpu?: number;
  readonly ssd?: true;
  readonly types?: readonly string[];
  readonly maxPriceMicros?: number;
  readonly budgetMicros?: number;
  readonly ttlSeconds?: number;
  readonly idleSeconds?: number;
  readonly awaySeconds?: number;
  readonly quorum?: number;
  /** An interpreter's path. */
  readonly python?: string;
  /** A requirements file's path. */
  readonly env?: string;
}

export type CostPeriod = 'today' | '7d' | 'month';
export type CostGroup = 'user' | 'cluster' | 'region' | 'type';

/** A line of the grammar, parsed. */
export type Command =
  | { readonly verb: 'up'; readonly request: Request }
  | { readonly verb: 'plan'; readonly request: Request }
  | { readonly verb: 'scale'; readonly name: string; readonly workers: WorkerRange }
  | { readonly verb: 'extend'; readonly name: string; readonly seconds: number }
  | { readonly verb: 'down'; readonly target: { readonly name: string } | { readonly all: true } }
  | { readonly verb: 'ls' }
  | { readonly verb: 'status'; readonly name: string }
  | { readonly verb: 'connect'; readonly name: string }
  | { readonly verb: 'logs'; readonly name: string }
  | { readonly verb: 'cost'; readonly period: CostPeriod; readonly by?: CostGroup }
  | { readonly verb: 'reclaim'; readonly name: string }
  | { readonly verb: 'help'; readonly word?: string };

export type Verb = Command['verb'];
