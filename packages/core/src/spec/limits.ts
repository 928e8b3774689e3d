/** What holds when nothing is said, and the most that may be said. */
export interface Limit {
  readonly default: number;
  readonly max: number;
}

/** An installation's limits: {@link LIMITS}, or its own. Times in seconds, sizes in GiB, shares from 0 to 1. */
export interface Limits {
  /** Has no default: how many is always said. */
  readonly workers: Pick<Limit, 'max'>;
  /** Its most is also how far ahead `extend` may move an end. */
  readonly ttl: Limit;
  readonly idle: Limit;
  readonly away: Limit;
  readonly quorum: Limit;
  /** Of each machine; its most is the largest that every cloud makes. Source: EC2 API reference, EbsBlockDevice, gp3. */
  readonly disk: Limit;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The limits of an installation that set none of its own. */
export const LIMITS: Limits = {
  workers: { max: 1000 },
  ttl: { default: 4 * HOUR, max: 7 * DAY },
  idle: { default: 20 * MINUTE, max: 24 * HOUR },
  away: { default: 2 * MINUTE, max: 24 * HOUR },
  quorum: { default: 0.9, max: 1 },
  disk: { default: 20, max: 16_384 },
};
