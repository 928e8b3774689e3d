import { type Offer, poolOf } from '../plan/offer.ts';
import type { Unavailable } from '../plan/plan.ts';
import type { Shortage } from './provider.ts';

/** An empty pool is not asked again for this long, as Karpenter does; a quota has room again as soon as anything ends. Milliseconds. */
const EMPTY_MS = 180_000;
const USED_UP_MS = 30_000;

/** Which pools of capacity were empty, and which quotas used up, a moment ago. One process's memory: to forget it costs one more refused call. */
export class Shortages {
  readonly #until = new Map<string, number>();

  note(shortages: readonly Shortage[], now: number): void {
    for (const shortage of shortages) {
      // A throttled call has learnt nothing about capacity.
      if (shortage.kind === 'throttled') continue;
      if (shortage.kind === 'quota') this.#until.set(quotaOf(shortage), now + USED_UP_MS);
      else this.#until.set(shortage.pool, now + EMPTY_MS);
    }
  }

  at(now: number): Unavailable {
    return (offer) => [poolOf(offer), quotaOf(offer)].some((what) => (this.#until.get(what) ?? 0) > now);
  }
}

/** Clouds count what an account has by market and region. */
function quotaOf({ market, region }: Pick<Offer, 'market' | 'region'>): string {
  return `${market} in ${region}`;
}
