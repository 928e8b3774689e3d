import * as z from 'zod/mini';

const Share = z.number().check(z.gte(0), z.lte(1));
const Strings = z.array(z.string());

/** What is wrong with EC2 at a moment. Patterns are parts of a pool's name, `market/type/zone`. */
export const Faults = z.strictObject({
  /** Pools with one of these in their name have nothing left. */
  emptyPools: z._default(Strings, []),
  /** What each pool has left, by pattern: it shrinks with each launch. */
  poolLimits: z._default(z.record(z.string(), z.number()), {}),
  /** No pool gives more than this to one call. */
  poolLimit: z._default(z.nullable(z.number()), null),
  /** Calls, by action or `*`, that answer RequestLimitExceeded. */
  throttled: z._default(Strings, []),
  /** In every fleet so many machines are refused with RequestLimitExceeded, as if the resource tokens were used up. */
  fleetThrottled: z._default(z.number(), 0),
  /**
   * Calls, by action or `*`, and the code that they are refused with before they do anything; those of other services than
   * EC2 by their name too, such as `servicequotas:GetServiceQuota`, and not by `*`.
   */
  refused: z._default(z.record(z.string(), z.string()), {}),
  /** Calls, by action or `*`, that do their work and then answer InternalError, and how often. */
  failAfter: z._default(z.record(z.string(), z.number()), {}),
  /** Images that are asked for fail in the end. Source: EC2 API reference, Image, imageState. */
  failImages: z._default(z.boolean(), false),
  /** Regions in which no call is ever answered. */
  silentRegions: z._default(Strings, []),
  /** Every answer comes so much later; milliseconds. */
  delayMs: z._default(z.number(), 0),
  /** Descriptions show instances and network interfaces as they were so long ago; milliseconds. */
  lagMs: z._default(z.number(), 0),
  /** Share of launched instances whose user data never starts. */
  neverBoot: z._default(Share, 0),
  /** Share of launched instances whose user data is killed in the middle, right after its first output. */
  failBoot: z._default(Share, 0),
  /** User data starts so much later; milliseconds. */
  slowBootMs: z._default(z.number(), 0),
});
export type Faults = z.infer<typeof Faults>;

export const CALM: Faults = Faults.parse({});

/** What a rule by action, or `*`, says of this one. */
export function ruleFor<T>(rules: Readonly<Record<string, T>>, action: string): T | undefined {
  return rules[action] ?? rules['*'];
}
