import type { Role } from '../provision/provider.ts';
import type { ClusterSpec, Market } from '../spec/spec.ts';
import type { Offer } from './offer.ts';
import { isOf, requirementsOf } from './requirements.ts';
import { SMALL } from './small.ts';

/**
 * A launch draws from at most so many pools, as Karpenter's do. Nobody is given what is behind them: it costs a multiple, so
 * that another zone, market or region comes first, and to try it all takes a launch for each.
 */
export const MOST_POOLS = 60;
/** Schedulers are launched one type after the other. */
const MOST_SCHEDULERS = 10;

/** A zone that costs at most this much more than the cheapest is as good, and better if it has more pools: it has more room. */
const AS_CHEAP = 1.05;

/** Offers that did not fit, by the first reason that ruled them out. */
export interface Rejection {
  readonly reason: string;
  readonly offers: number;
}

/** One zone of a region where the cluster could be, with what it would be made of. */
export interface Site {
  readonly provider: string;
  readonly region: string;
  /** Of the scheduler and, unless any zone will do, of the workers while there is room. */
  readonly zone: string;
  /** On-demand in this zone, best first. */
  readonly scheduler: readonly Offer[];
  /**
   * Of the market asked for, best first; behind them, where the request allows it, on-demand to fall back to. No more of
   * each than a launch would draw from.
   */
  readonly workers: readonly Offer[];
  /** The scheduler and the fewest workers at the best offers; micro-dollars an hour. */
  readonly microsPerHour: number;
}

/** Where a cluster is or could be. */
export type Place = Pick<Site, 'region' | 'zone'>;

export interface Plan {
  /** A region's best, cheapest first; empty when nothing fits. */
  readonly sites: readonly Site[];
  readonly rejected: readonly Rejection[];
}

/** Whether it is known that there is no more of this offer now. */
export type Unavailable = (offer: Offer) => boolean;

/** Ranks what the clouds offer for a spec, but for what is known to be empty. Pure: the same offers give the same plan. */
export function plan(spec: ClusterSpec, offers: readonly Offer[], unavailable: Unavailable = () => false): Plan {
  const requirements = requirementsOf(spec);
  const rejected = new Map<string, number>();
  const reject = (reason: string, count = 1) => {
    if (count > 0) rejected.set(reason, (rejected.get(reason) ?? 0) + count);
  };
  const fits = (offer: Offer) => {
    const unmet = requirements.find(({ meets }) => !meets(offer));
    if (unmet) reject(unmet.reason);
    return unmet === undefined;
  };
  const sites = spec.regions.flatMap((region) => {
    const there = offers.filter((offer) => offer.region === region);
    const fitting = there.filter(fits);
    const worthwhile = fitting.filter(isWorthwhile(fitting));
    reject('spot dearer than on-demand', fitting.length - worthwhile.length);
    const cheapest = cheapestPools(worthwhile);
    reject(`dearer than ${MOST_POOLS} others of their zone`, worthwhile.length - cheapest.length);
    return siteOf(spec, there, cheapest, unavailable);
  });
  return {
    sites: sites.sort((a, b) => a.microsPerHour - b.microsPerHour),
    rejected: [...rejected].map(([reason, count]) => ({ reason, offers: count })).sort((a, b) => b.offers - a.offers),
  };
}

/**
 * What one launch for a cluster that is in a place may draw from there now, best first: all of one market and, unless any
 * zone will do, of one zone. Pools known to be empty are left out. The scheduler's address is in the place's zone, so it
 * is launched there; workers go to another zone before they are bought on demand.
 */
export function available(
  spec: ClusterSpec,
  { region, zone }: Place,
  role: Role,
  offers: readonly Offer[],
  unavailable: Unavailable,
): readonly Offer[] {
  const there = offers.filter((offer) => offer.region === region);
  if (role === 'scheduler') return schedulersIn(zone, spec, there, unavailable);
  const requirements = requirementsOf(spec);
  const fitting = there.filter((offer) => requirements.every(({ meets }) => meets(offer)));
  const left = cheapestPools(fitting).filter((offer) => !unavailable(offer));
  const pools = firstMarket(left.filter(isWorthwhile(left)));
  if (spec.zones === 'any') return best(pools, cheapestFirst);
  const within = pools.some((offer) => offer.zone === zone) ? zone : bestZone(pools);
  return best(
    pools.filter((offer) => offer.zone === within),
    cheapestFirst,
  );
}

/** The site of one region's offers and of the workers among them; none when they do not make a cluster. */
function siteOf(
  spec: ClusterSpec,
  offers: readonly Offer[],
  fitting: readonly Offer[],
  unavailable: Unavailable,
): Site[] {
  const left = fitting.filter((offer) => !unavailable(offer));
  const zones = new Set(left.map((offer) => offer.zone));
  const schedulers = new Map([...zones].map((zone) => [zone, schedulersIn(zone, spec, offers, unavailable)]));
  const candidates = left.filter((offer) => schedulers.get(offer.zone)?.length);
  const zone = bestZone(firstMarket(candidates));
  if (zone === undefined) return [];
  const order = spec.zones === 'any' ? cheapestFirst : homeFirst(zone);
  const workers = MARKETS.flatMap((market) => best(ofMarket(candidates, market), order));
  const scheduler = schedulers.get(zone) ?? [];
  const [first] = scheduler;
  const [worker] = workers;
  if (!first || !worker) return [];
  const { provider, region } = first;
  const microsPerHour = first.microsPerHour + Math.max(1, spec.workers.min) * worker.microsPerHour;
  return [{ provider, region, zone, scheduler, workers, microsPerHour }];
}

/** In the order in which workers are bought on them. */
const MARKETS = ['spot', 'on-demand'] as const satisfies readonly Market[];

function ofMarket(offers: readonly Offer[], market: Market): readonly Offer[] {
  return offers.filter((offer) => offer.market === market);
}

function firstMarket(offers: readonly Offer[]): readonly Offer[] {
  const spot = ofMarket(offers, 'spot');
  return spot.length > 0 ? spot : offers;
}

/** Tells spot that costs more than on-demand, which buys the risk and nothing for it, from all else. */
function isWorthwhile(fitting: readonly Offer[]): (offer: Offer) => boolean {
  const ceiling = leastOf(ofMarket(fitting, 'on-demand'));
  return ({ market, microsPerHour }) => market !== 'spot' || microsPerHour <= ceiling;
}

function leastOf(offers: readonly Offer[]): number {
  return offers.reduce((least, { microsPerHour }) => Math.min(least, microsPerHour), Number.POSITIVE_INFINITY);
}

/** The zone to begin in: of those hardly dearer than the cheapest the one with the most pools; undefined without any. */
function bestZone(pools: readonly Offer[]): string | undefined {
  const ceiling = leastOf(pools) * AS_CHEAP;
  const zones = [...Map.groupBy(pools, ({ zone }) => zone)].map(([zone, there]) => ({
    zone,
    least: leastOf(there),
    pools: there.length,
  }));
  return zones
    .filter(({ least }) => least <= ceiling)
    .sort((a, b) => b.pools - a.pools || a.least - b.least || compare(a.zone, b.zone))[0]?.zone;
}

function suitsScheduler({ architecture, schedulerTypes }: ClusterSpec, offer: Offer): boolean {
  const isCommon = offer.gpus === 0 && (offer.byNameOnly === null || offer.byNameOnly === SMALL);
  return (
    offer.market === 'on-demand' &&
    (architecture ?? offer.architecture) === offer.architecture &&
    (schedulerTypes.length === 0 ? isCommon : schedulerTypes.some((name) => isOf(offer.type, name)))
  );
}

/** Machines that a scheduler fits on, best first: those with room for many workers, then the others. */
function schedulersIn(
  zone: string,
  spec: ClusterSpec,
  offers: readonly Offer[],
  unavailable: Unavailable,
): readonly Offer[] {
  const { max } = spec.workers;
  // A scheduler keeps a graph of its tasks in memory, and talks to every worker.
  const memoryGiB = Math.max(4, max / 64);
  const vcpus = max > 20 ? 2 : 1;
  const tight = (offer: Offer) => Number(offer.memoryGiB < memoryGiB || offer.vcpus < vcpus);
  return best(
    offers.filter((offer) => offer.zone === zone && suitsScheduler(spec, offer)),
    (a, b) => tight(a) - tight(b) || cheapestFirst(a, b),
    MOST_SCHEDULERS,
  ).filter((offer) => !unavailable(offer));
}

/** The cheapest of each market and zone. */
function cheapestPools(fitting: readonly Offer[]): readonly Offer[] {
  const groups = Map.groupBy(fitting, ({ market, zone }) => `${market}/${zone}`);
  return [...groups.values()].flatMap((there) => best(there, cheapestFirst));
}

type Order = (a: Offer, b: Offer) => number;

/** The first so many in this order. A region has thousands of offers: to sort them all takes ten times as long. */
function best(offers: readonly Offer[], order: Order, most = MOST_POOLS): readonly Offer[] {
  const kept: Offer[] = [];
  for (const offer of offers) {
    const last = kept[most - 1];
    if (last && order(last, offer) <= 0) continue;
    const place = kept.findLastIndex((other) => order(other, offer) <= 0) + 1;
    kept.splice(place, 0, offer);
    kept.length = Math.min(kept.length, most);
  }
  return kept;
}

function cheapestFirst(a: Offer, b: Offer): number {
  return (
    a.microsPerHour - b.microsPerHour ||
    b.vcpus - a.vcpus ||
    b.memoryGiB - a.memoryGiB ||
    compare(a.type, b.type) ||
    compare(a.zone, b.zone)
  );
}

function homeFirst(zone: string): Order {
  return (a, b) => Number(b.zone === zone) - Number(a.zone === zone) || cheapestFirst(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
