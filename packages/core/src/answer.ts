import type { CostRow, Period } from './account/cost.ts';
import type { EnvironmentTask } from './command/command.ts';
import type { SchedulerStatus } from './observe/scheduler.ts';
import type { ClusterView, MachineView } from './observe/view.ts';
import type { PriceAge } from './plan/offer.ts';
import type { Plan } from './plan/plan.ts';
import type { KeptEnvironment, StoredEvent } from './state/store.ts';

/** What a command came to. Frontends put it into words; `--json` prints it as it is. */
export type Result =
  | { readonly verb: 'up' | 'scale' | 'extend'; readonly cluster: ClusterView }
  | { readonly verb: 'down'; readonly clusters: readonly ClusterView[] }
  | {
      readonly verb: 'plan';
      readonly plan: Plan;
      readonly workers: number;
      readonly prices: readonly PriceAge[];
      /** Why the account may not have so much at some of the sites. */
      readonly problems: readonly string[];
    }
  | { readonly verb: 'ls'; readonly clusters: readonly ClusterView[] }
  | {
      readonly verb: 'status';
      readonly cluster: ClusterView;
      readonly machines: readonly MachineView[];
      readonly tasks: SchedulerStatus['tasks'] | null;
      readonly events: readonly StoredEvent[];
    }
  | {
      readonly verb: 'connect';
      readonly cluster: ClusterView;
      /** A secret: whoever holds it can run code on the cluster. */
      readonly yaml: string;
      /**
       * The address that the cluster sees its server come from and lets in, as clients from there; others have to say where
       * they are. Null where nobody is kept out.
       */
      readonly letIn: { readonly address: string; readonly isPublic: boolean } | null;
    }
  | {
      readonly verb: 'logs';
      readonly events: readonly StoredEvent[];
      readonly boots: readonly { readonly machine: MachineView; readonly text: string }[];
    }
  | { readonly verb: 'cost'; readonly period: Period; readonly rows: readonly CostRow[]; readonly totalMicros: number }
  | {
      readonly verb: 'env';
      readonly did: EnvironmentTask['do'];
      /** All for `ls`, else the one that it was done to. */
      readonly environments: readonly KeptEnvironment[];
    }
  | { readonly verb: 'reclaim'; readonly machine: MachineView };

/** What a command says while it works, and last of all its result or why there is none. */
export type Answer =
  | {
      readonly type: 'progress';
      readonly cluster: ClusterView;
      /** What happened since the last progress. */
      readonly events: readonly StoredEvent[];
      /** What a machine that boots is doing, in its own words; may be empty. */
      readonly stage: string;
    }
  | { readonly type: 'result'; readonly result: Result }
  /** `refused`: the command was wrong and nothing was done. `failed`: it was right and did not work out. */
  | { readonly type: 'error'; readonly kind: 'refused' | 'failed'; readonly message: string };
