import type { Clock } from '../clock.ts';
import { RateLimited } from './refusal.ts';

/** Calls a minute, by tier. Source: https://docs.slack.dev/apis/web-api/rate-limits. */
export const TIERS = { 1: 1, 2: 20, 3: 50, 4: 100 } as const;
export type Tier = keyof typeof TIERS;

/** "A small amount of burst behavior is tolerated" (same page) in tier 1; how much is pretended. */
const TIER_1_BURST = 10;

/** Same page: one message a second a channel, "short bursts" more; how many is pretended. */
const CHANNEL_BURST = 3;

/** chat.postMessage: "several hundred messages per minute" in a workspace; how many is pretended. */
const WORKSPACE_POSTS = 300;

const MINUTE = 60_000;

/** How often each method was called in each workspace, and whether that is too often. */
export class Rates {
  readonly #clock: Clock;
  readonly #windows = new Map<string, number[]>();
  readonly #channels = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {RateLimited} when the minute's calls of this method in this workspace are used up. */
  count(method: string, workspace: string, tier: Tier): void {
    this.#window(`${workspace} ${method}`, tier === 1 ? TIER_1_BURST : TIERS[tier]);
  }

  /** @throws {RateLimited} when there was just a message in this channel, or very many in the workspace. */
  countPost(workspace: string, channel: string): void {
    const now = this.#clock.now();
    const before = this.#channels.get(channel) ?? { tokens: CHANNEL_BURST, at: now };
    const tokens = Math.min(CHANNEL_BURST, before.tokens + (now - before.at) / 1000);
    if (tokens < 1) throw new RateLimited((1 - tokens) * 1000);
    this.#window(`${workspace} posts`, WORKSPACE_POSTS);
    this.#channels.set(channel, { tokens: tokens - 1, at: now });
  }

  #window(key: string, max: number): void {
    const now = this.#clock.now();
    const calls = (this.#windows.get(key) ?? []).filter((at) => at > now - MINUTE);
    const oldest = calls[0];
    if (calls.length >= max && oldest !== undefined) throw new RateLimited(oldest + MINUTE - now);
    this.#windows.set(key, [...calls, now]);
  }
}
