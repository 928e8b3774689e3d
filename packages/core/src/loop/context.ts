import type { SchedulerControl } from '../observe/scheduler.ts';
import type { Store } from '../state/store.ts';

/** What the loop is given that all of its parts work with. */
export interface Surroundings {
  readonly store: Store;
  readonly control: SchedulerControl;
  /** This process's name among the store's replicas. */
  readonly holder: string;
  readonly now: () => number;
  /** Called when there is news that the next pass should come at once for. */
  readonly wake: () => void;
  /** For faults of the program or its surroundings that no cluster is to blame for; never given a secret. */
  readonly log: (line: string) => void;
}

/** What a part of the loop works with. */
export interface LoopContext extends Surroundings {
  /** As the store's own; those who show what was stored are told. */
  readonly commit: Store['commit'];
}
