import type { Offer } from '@daskup/core/plan/offer';

/** What a machine ran for, as the cloud knows it. Milliseconds since 1970, UTC. */
export interface Use {
  readonly offer: Pick<Offer, 'microsPerHour' | 'minimumSeconds'>;
  /** Null when it never ran: that costs nothing. */
  readonly runningAt: number | null;
  readonly endedAt: number | null;
}

/**
 * What the cloud bills for one machine that ended, in micro-dollars: every second begun, and no fewer than its minimum.
 * Whole numbers of any size, and no code of the account's it is held against.
 */
export function billed({ offer, runningAt, endedAt }: Use): number {
  if (runningAt === null || endedAt === null) return 0;
  const begun = BigInt(Math.floor((endedAt - runningAt + 999) / 1000));
  const least = BigInt(offer.minimumSeconds);
  const seconds = begun > least ? begun : least;
  // Half a micro-dollar is rounded up.
  return Number((2n * seconds * BigInt(offer.microsPerHour) + 3600n) / 7200n);
}
