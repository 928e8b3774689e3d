import type { Unavailable } from '../plan/plan.ts';
import type { Shortage } from './provider.ts';

/** An empty pool is not asked again for this long, as Karpenter does; milliseconds. */
const MEMORY_MS = 180_000;

/** Which pools of capacity were empty a moment ago. One process's memory: to forget it costs one more refused call. */
export class Shortages {
  readonly #until = new Map<string, number>();

  note(shortages: readonly Shortage[], now: number): void {
    for (const { pool, kind } of shortages) {
      // A throttled call has learnt nothing about capacity.
      if (kind !== 'throttled') this.#until.set(pool, now + MEMORY_MS);
    }
  }

  at(now: number): Unavailable {
    return (pool) => (this.#until.get(pool) ?? 0) > now;
  }
}
