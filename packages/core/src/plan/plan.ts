import type { ClusterSpec } from '../spec/spec.ts';
import { type Offer, poolOf } from './offer.ts';

/** Offers that did not fit, by the first reason that ruled them out. */
export interface Rejection {
  readonly reason: string;
  readonly offers: number;
}

/** One region where the cluster could be, with what it would be made of. */
export interface Site {
  readonly provider: string;
  readonly region: string;
  /** On-demand, cheapest first. */
  readonly scheduler: readonly Offer[];
  /** Of the market asked for, cheapest first; behind them, where the request allows it, on-demand to fall back to. */
  readonly workers: readonly Offer[];
  /** The scheduler and the fewest workers at the best offers; micro-dollars an hour. */
  readonly microsPerHour: number;
}

export interface Plan {
  /** Cheapest first; empty when nothing fits. */
  readonly sites: readonly Site[];
  readonly rejected: readonly Rejection[];
}

/** Pools known to be empty: {@link poolOf} -> true. */
export type Unavailable = (pool: string) => boolean;

const nowhere: Unavailable = () => false;

/** Ranks what the clouds offer for a spec. Pure: the same offers give the same plan. */
export function plan(spec: ClusterSpec, offers: readonly Offer[]): Plan {
  const { sites, rejected } = fitting(spec, offers, nowhere);
  return {
    sites: sites
      .filter((site) => site.workers.length > 0 && site.scheduler.length > 0)
      .sort(
        (a, b) => a.microsPerHour - b.microsPerHour || spec.regions.indexOf(a.region) - spec.regions.indexOf(b.region),
      ),
    rejected,
  };
}

/** What a cluster that is in a region may be given there now: what fits it, without the pools known to be empty. */
export function available(
  spec: ClusterSpec,
  region: string,
  offers: readonly Offer[],
  unavailable: Unavailable,
): Pick<Site, 'scheduler' | 'workers'> {
  const [site] = fitting({ ...spec, regions: [region] }, offers, unavailable).sites;
  return site ?? { scheduler: [], workers: [] };
}

function fitting(spec: ClusterSpec, offers: readonly Offer[], unavailable: Unavailable): Plan {
  const rejected = new Map<string, number>();
  const sites = new Map<string, { provider: string; region: string; scheduler: Offer[]; workers: Offer[] }>();
  for (const offer of offers) {
    if (!spec.regions.includes(offer.region)) continue;
    const key = `${offer.provider}/${offer.region}`;
    let site = sites.get(key);
    if (!site) {
      site = { provider: offer.provider, region: offer.region, scheduler: [], workers: [] };
      sites.set(key, site);
    }
    const empty = unavailable(poolOf(offer));
    const architectureFits = spec.architecture === null || offer.architecture === spec.architecture;
    if (offer.market === 'on-demand' && offer.gpus === 0 && architectureFits && !empty) site.scheduler.push(offer);
    const reason = misfit(spec, offer) ?? (empty ? 'no capacity a moment ago' : null);
    if (reason === null) site.workers.push(offer);
    else rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
  }
  return {
    sites: [...sites.values()].map((site) => ranked(spec, site)),
    rejected: [...rejected].map(([reason, count]) => ({ reason, offers: count })).sort((a, b) => b.offers - a.offers),
  };
}

function ranked(spec: ClusterSpec, site: Omit<Site, 'microsPerHour'>): Site {
  const onDemand = site.workers.filter((offer) => offer.market === 'on-demand').sort(cheapestFirst);
  const ceiling = onDemand[0]?.microsPerHour ?? Number.POSITIVE_INFINITY;
  // Spot that costs more than on-demand buys the risk and nothing for it.
  const spot = site.workers.filter((o) => o.market === 'spot' && o.microsPerHour <= ceiling).sort(cheapestFirst);
  const workers = { spot: [...spot, ...onDemand], 'spot-only': spot, 'on-demand': onDemand }[spec.market];
  const scheduler = site.scheduler.toSorted(cheapestFirst);
  const hourly = (scheduler[0]?.microsPerHour ?? 0) + Math.max(1, spec.workers.min) * (workers[0]?.microsPerHour ?? 0);
  return { ...site, scheduler, workers, microsPerHour: hourly };
}

function cheapestFirst(a: Offer, b: Offer): number {
  return (
    a.microsPerHour - b.microsPerHour ||
    b.vcpus - a.vcpus ||
    b.memoryGiB - a.memoryGiB ||
    a.type.localeCompare(b.type) ||
    a.zone.localeCompare(b.zone)
  );
}

/** Why an offer cannot be a worker of this spec, in words; null when it can. */
function misfit(spec: ClusterSpec, offer: Offer): string | null {
  if (spec.types.length > 0 && !spec.types.includes(offer.type)) return `not type ${spec.types.join(' or ')}`;
  if (spec.architecture !== null && offer.architecture !== spec.architecture) return `not ${spec.architecture}`;
  if (offer.vcpus < spec.cpu) return `fewer than ${spec.cpu} vCPUs`;
  if (offer.memoryGiB < spec.memoryGiB) return `less than ${spec.memoryGiB} GiB of memory`;
  if (offer.gpus < spec.gpu) return `fewer than ${spec.gpu} GPUs`;
  // A GPU is dear: nobody who did not ask for one should be given one, however cheap it is on spot today.
  if (spec.gpu === 0 && offer.gpus > 0 && spec.types.length === 0) return 'has a GPU that was not asked for';
  if (spec.ssd && offer.ssdGiB === 0) return 'no local SSD';
  if (spec.maxPriceMicros !== null && offer.microsPerHour > spec.maxPriceMicros) return 'dearer than max-price';
  if (spec.market === 'spot-only' && offer.market !== 'spot') return 'not spot';
  if (spec.market === 'on-demand' && offer.market !== 'on-demand') return 'not on-demand';
  return null;
}
