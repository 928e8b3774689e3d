import type { Offer } from '@daskup/core/plan/offer';
import type { Site } from '@daskup/core/plan/plan';
import type { Market } from '@daskup/core/spec/spec';
import { pageOf, quotaOf } from './quota.ts';

/** A quota that a cluster counts against, with how much the account may have and the least that the cluster needs; vCPUs. */
export interface Need {
  readonly code: string;
  readonly market: Market;
  readonly name: string;
  /** Null where it is not known. */
  readonly value: number | null;
  /** Were all workers to be on it: on the smallest of what it was offered. */
  readonly needed: number;
  /** So many workers it has room for, beside the scheduler where that counts too. */
  readonly workers: number;
}

export type SiteOffers = Pick<Site, 'region' | 'scheduler' | 'workers'>;

/** What so many workers and their scheduler need of each quota, in the order in which they would be asked for. Pure. */
export function needsOf(
  { scheduler, workers }: SiteOffers,
  count: number,
  valueBy: (code: string) => number | null,
): readonly Need[] {
  const schedulerNeed = least(scheduler);
  const schedulerCode = codeOf(scheduler[0]);
  const byCode = Map.groupBy(workers, (offer) => codeOf(offer));
  // The scheduler counts also where no worker does.
  if (!byCode.has(schedulerCode)) byCode.set(schedulerCode, []);
  return [...byCode].flatMap(([code, offers]) => {
    const [first] = offers.length > 0 ? offers : scheduler;
    const quota = first && quotaOf(first.type, first.market);
    if (!first || !quota) return [];
    const own = code === schedulerCode ? schedulerNeed : 0;
    const value = valueBy(quota.code);
    const each = least(offers);
    const room = value === null ? Number.POSITIVE_INFINITY : Math.floor((value - own) / each);
    return [
      {
        code: quota.code,
        market: first.market,
        name: quota.name,
        value,
        needed: own + (offers.length > 0 ? count * each : 0),
        workers: offers.length > 0 ? Math.max(0, room) : 0,
      },
    ];
  });
}

/**
 * Why the account may not have so many workers there, however few others run; null when it may, or nobody knows. What is
 * asked for on spot may be bought on demand too, if that was offered: then both count. Pure.
 */
export function shortfall(site: SiteOffers, count: number, valueBy: (code: string) => number | null): string | null {
  // Something that has no quota known here may have all the room there is.
  if (site.workers.some((offer) => quotaOf(offer.type, offer.market) === null)) return null;
  const needs = needsOf(site, count, valueBy);
  const scheduler = needs.find(({ code }) => code === codeOf(site.scheduler[0]));
  if (scheduler && scheduler.value !== null && scheduler.value < least(site.scheduler))
    return `${told(scheduler, site.region)}, too few for a scheduler. ${raise(scheduler, site.region)}`;
  const room = needs.reduce((sum, need) => sum + need.workers, 0);
  const [first] = needs.filter(({ needed, workers }) => needed > 0 && workers < count);
  if (room >= count || !first) return null;
  const others = needs.filter((need) => need !== first && need.workers > 0);
  const also = others.map(({ market, name, value }) => `${value} ${market} ${name}`).join(', ');
  const fewer = room > 0 ? `, or ask for at most ${room} workers` : '';
  return `${told(first, site.region)}${also && ` (and ${also})`}, and ${count} workers need ${first.needed}. ${raise(first, site.region)}${fewer}`;
}

function told({ market, name, value }: Need, region: string): string {
  return `The quota is too small: the account may have ${value} ${market} vCPUs of ${name} instances in ${region}`;
}

function raise({ code }: Need, region: string): string {
  return `Ask for more: ${pageOf(region, code)}`;
}

function codeOf(offer: Offer | undefined): string {
  return (offer && quotaOf(offer.type, offer.market)?.code) ?? '';
}

function least(offers: readonly Offer[]): number {
  return offers.reduce((min, { vcpus }) => Math.min(min, vcpus), offers[0]?.vcpus ?? 0);
}
