import * as z from 'zod/mini';

/** By method, or `*` for all. */
const byMethod = <T extends z.ZodMiniType>(value: T) => z._default(z.record(z.string(), value), {});

/** What is wrong with Slack at a moment. */
export const Faults = z.strictObject({
  /** Methods that are refused with this error before they do anything. */
  refused: byMethod(z.string()),
  /** Methods that answer with this HTTP status before they do anything, as when Slack is away: 500, 503. */
  status: byMethod(z.int()),
  /** Methods that do their work and then answer 500, and how often. */
  failAfter: byMethod(z.int()),
  /** Methods that are answered 429, and after how many seconds to ask again. */
  rateLimited: byMethod(z.int()),
  /** Methods that answer so much later; milliseconds. */
  delayMs: byMethod(z.number()),
  /** Ephemeral messages are taken and never shown. Source: https://docs.slack.dev/reference/methods/chat.postEphemeral: delivery is not guaranteed. */
  loseEphemeral: z._default(z.boolean(), false),
  /** How often each delivery comes again, with the same content: `slash_commands`, `interactive`, `events_api`. */
  duplicates: z._default(z.record(z.string(), z.int()), {}),
  /** Whatever people do reaches the app so much later; milliseconds. */
  deliveryDelayMs: z._default(z.number(), 0),
});
export type Faults = z.infer<typeof Faults>;

export const CALM: Faults = Faults.parse({});

/** What a rule by method, or `*`, says of this one. */
export function ruleFor<T>(rules: Readonly<Record<string, T>>, method: string): T | undefined {
  return rules[method] ?? rules['*'];
}
