import type { MarketChoice, WorkerRange } from '@daskup/core/spec/spec';
import type { Workload } from '../sim/dask.ts';
import type { Faults } from '../sim/faults.ts';

/** Clusters share few names, so that they meet. */
export const NAMES = ['etl', 'ml', 'web'] as const;
export type Name = (typeof NAMES)[number];

/** What somebody says to the replica with this number. Times in seconds. */
export type Said =
  | {
      readonly do: 'up';
      readonly name: Name;
      readonly workers: WorkerRange;
      readonly market: MarketChoice;
      readonly ttlSeconds: number;
      readonly idleSeconds: number;
      readonly awaySeconds: number;
    }
  | { readonly do: 'scale'; readonly name: Name; readonly workers: WorkerRange }
  | { readonly do: 'extend'; readonly name: Name; readonly seconds: number }
  | { readonly do: 'down'; readonly name: Name }
  | { readonly do: 'down all' }
  | { readonly do: 'reclaim'; readonly name: Name }
  | { readonly do: 'status'; readonly name: Name };

/** A call of a process to the outside: the so many-eth from now, of those with this name or of all. */
export interface Moment {
  readonly call: string | null;
  readonly skip: number;
  /** Before it takes effect, or after that and before its answer is read. */
  readonly side: 'before' | 'after';
}

/** What befalls the cloud, the machines and the processes. Times in milliseconds. */
export type Befallen =
  | { readonly do: 'fault'; readonly forMs: number; readonly faults: Partial<Faults> }
  /** Somebody else in the account uses up what may be called. */
  | { readonly do: 'throttle' }
  /** Machines of one role end at once, or with a spot notice. */
  | { readonly do: 'lose'; readonly role: 'scheduler' | 'worker'; readonly count: number; readonly noticed: boolean }
  | { readonly do: 'work'; readonly name: Name; readonly load: Workload }
  /** A process dies, or stands still, at a call of its. */
  | { readonly do: 'crash'; readonly replica: number; readonly at: Moment; readonly downMs: number }
  | { readonly do: 'pause'; readonly replica: number; readonly at: Moment; readonly forMs: number }
  | { readonly do: 'restart'; readonly replica: number; readonly downMs: number }
  /** All processes die with their store; the next ones have an empty one, of this installation or another. */
  | { readonly do: 'lose store'; readonly sameInstallation: boolean };

export type Step = { readonly afterMs: number } & ((Said & { readonly replica: number }) | Befallen);

/** All that happens, as data: the same history always runs the same way. */
export interface History {
  readonly seed: number;
  /** How many processes share the store. */
  readonly replicas: number;
  readonly steps: readonly Step[];
}

export function isSaid(step: Step): step is Extract<Step, Said> {
  return 'replica' in step && step.do !== 'crash' && step.do !== 'pause' && step.do !== 'restart';
}
