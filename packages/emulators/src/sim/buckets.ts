/** EC2's throttle buckets by account and region: size, and refill a second. Source: the EC2 API throttling guide, 2026-11. */
const LIMITS = {
  /** Describe calls, paginated: one a page. */
  describe: { size: 100, refill: 20 },
  /** CreateFleet and every other mutating call without a bucket of its own. */
  mutate: { size: 50, refill: 5 },
  terminate: { size: 100, refill: 5 },
  /** One a machine to be terminated. */
  terminateMachines: { size: 1000, refill: 20 },
} as const;

export type Bucket = keyof typeof LIMITS;

/** What a cloud lets an account call before it says: slower. */
export class Buckets {
  readonly #now: () => number;
  readonly #levels = new Map<Bucket, { tokens: number; at: number }>();

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes up to `wanted` tokens and says how many it got. */
  take(bucket: Bucket, wanted = 1): number {
    const got = Math.min(wanted, Math.floor(this.#level(bucket).tokens));
    this.#level(bucket).tokens -= got;
    return got;
  }

  /** Somebody else in the account has used everything up. */
  drain(): void {
    for (const bucket of Object.keys(LIMITS) as Bucket[]) this.#level(bucket).tokens = 0;
  }

  #level(bucket: Bucket) {
    const { size, refill } = LIMITS[bucket];
    const now = this.#now();
    const before = this.#levels.get(bucket) ?? { tokens: size, at: now };
    const level = { tokens: Math.min(size, before.tokens + ((now - before.at) / 1000) * refill), at: now };
    this.#levels.set(bucket, level);
    return level;
  }
}
