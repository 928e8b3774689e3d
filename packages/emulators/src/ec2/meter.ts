import { billed } from '../sim/meter.ts';
import type { Instance } from './instance.ts';

/** EC2 bills Linux by the second, and at least this long. Source: EC2 user guide, "On-Demand Instances", billing. */
export const MINIMUM_SECONDS = 60;
/** A spot instance that EC2 takes back in its first hour costs nothing. Source: EC2 user guide, "Billing for interrupted Spot Instances". */
const FREE_WHEN_RECLAIMED_MS = 3_600_000;

/** What one instance has cost so far. */
export interface Bill {
  readonly id: string;
  readonly region: string;
  readonly zone: string;
  readonly type: string;
  readonly market: string;
  readonly microsPerHour: number;
  /** Milliseconds since 1970, UTC: what the bill counts from and to; null when not billed, or not over. */
  readonly from: number | null;
  readonly to: number | null;
  readonly micros: number;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The bill of an instance at this moment. From its launch time, the one moment of its beginning that EC2's API tells, to
 * when it began to shut down, both to whole seconds; nothing when it never ran. The price is that of its launch.
 */
export function billOf(instance: Instance, now: number): Bill {
  const { id, region, zone, type, market, microsPerHour } = instance.birth;
  const ended = instance.since('stopping') ?? instance.since('shutting-down') ?? instance.since('terminated');
  const ran = instance.since('running') !== null;
  const from = ran ? instance.launchedAt : null;
  const to = ended === null ? null : Math.floor(ended / 1000) * 1000;
  const free =
    market === 'spot' && instance.reason === 'spot' && to !== null && to - instance.launchedAt < FREE_WHEN_RECLAIMED_MS;
  const micros = free
    ? 0
    : billed({ offer: { microsPerHour, minimumSeconds: MINIMUM_SECONDS }, runningAt: from, endedAt: to ?? now });
  return { id, region, zone, type, market, microsPerHour, from, to, micros, tags: Object.fromEntries(instance.tags) };
}
