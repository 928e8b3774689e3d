/**
 * What Slack says when it will not do a call: `{"ok": false, "error": CODE, ...}`.
 * Codes: each method's page under https://docs.slack.dev/reference/methods, and those that all methods share.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(code: string, more: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.more = more;
  }
}

/** Slack is asked too often. Source: https://docs.slack.dev/apis/web-api/rate-limits. */
export class RateLimited extends Error {
  /** Whole seconds, as in the header. */
  readonly retryAfter: number;

  constructor(retryAfterMs: number) {
    super('ratelimited');
    this.retryAfter = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }
}
