/** EC2's throttle buckets by account and region: size, and refill a second. Source: the EC2 API throttling guide, 2026-11. */
const LIMITS = {
  /** Describe calls, filtered or paginated: one a page. */
  describe: { size: 100, refill: 20 },
  /** Describe calls that are neither. */
  describeAll: { size: 50, refill: 10 },
  /** CreateFleet and every other mutating call without a bucket of its own. */
  mutate: { size: 50, refill: 5 },
  tag: { size: 100, refill: 10 },
  run: { size: 5, refill: 2 },
  /** One a machine to be launched, by whatever call. */
  runMachines: { size: 1000, refill: 2 },
  terminate: { size: 100, refill: 5 },
  /** One a machine to be terminated. */
  terminateMachines: { size: 1000, refill: 20 },
} as const;

export type Bucket = keyof typeof LIMITS;
export const BUCKETS = Object.keys(LIMITS) as readonly Bucket[];

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

  /** Takes as many tokens as are wanted, or none. */
  takeAll(bucket: Bucket, wanted: number): boolean {
    const enough = this.#level(bucket).tokens >= wanted;
    if (enough) this.take(bucket, wanted);
    return enough;
  }

  /** Somebody else in the account has used everything up, or one bucket of it. */
  drain(buckets: readonly Bucket[] = BUCKETS): void {
    for (const bucket of buckets) this.#level(bucket).tokens = 0;
  }

  /** Nobody in the account has asked for anything for a long time. */
  refill(): void {
    this.#levels.clear();
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
