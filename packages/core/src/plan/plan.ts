import type { Role } from '../provision/provider.ts';
import type { ClusterSpec } from '../spec/spec.ts';
import type { Offer } from './offer.ts';

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

/** Whether it is known that there is no more of this offer now. */
export type Unavailable = (offer: Offer) => boolean;

/** Ranks what the clouds offer for a spec. Pure: the same offers give the same plan. */
export function plan(spec: ClusterSpec, offers: readonly Offer[]): Plan {
  const rejected = new Map<string, number>();
  const fits = (offer: Offer) => {
    const reason = misfit(spec, offer);
    if (reason !== null) rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    return reason === null;
  };
  const within = offers.filter((offer) => spec.regions.includes(offer.region));
  const regions = Map.groupBy(within, ({ provider, region }) => `${provider}/${region}`);
  return {
    sites: [...regions.values()]
      .flatMap((there) => siteOf(spec, there, there.filter(fits)))
      .sort(
        (a, b) => a.microsPerHour - b.microsPerHour || spec.regions.indexOf(a.region) - spec.regions.indexOf(b.region),
      ),
    rejected: [...rejected].map(([reason, count]) => ({ reason, offers: count })).sort((a, b) => b.offers - a.offers),
  };
}

/** What a cluster that is in a region may be given there now for a role, best first: pools known to be empty left out. */
export function available(
  spec: ClusterSpec,
  region: string,
  role: Role,
  offers: readonly Offer[],
  unavailable: Unavailable,
): readonly Offer[] {
  const fits = (offer: Offer) => role === 'scheduler' || misfit(spec, offer) === null;
  const there = offers.filter((offer) => offer.region === region && fits(offer) && !unavailable(offer));
  return role === 'scheduler' ? forScheduler(spec, there) : forWorkers(spec, there);
}

/** The site of one region's offers and of those of them that fit; none when they do not make a cluster. */
function siteOf(spec: ClusterSpec, offers: readonly Offer[], fitting: readonly Offer[]): Site[] {
  const scheduler = forScheduler(spec, offers);
  const workers = forWorkers(spec, fitting);
  const [first] = scheduler;
  const [best] = workers;
  if (!first || !best) return [];
  const { provider, region } = first;
  const microsPerHour = first.microsPerHour + Math.max(1, spec.workers.min) * best.microsPerHour;
  return [{ provider, region, scheduler, workers, microsPerHour }];
}

function forScheduler(spec: ClusterSpec, offers: readonly Offer[]): readonly Offer[] {
  const { architecture } = spec;
  return offers
    .filter((o) => o.market === 'on-demand' && o.gpus === 0 && (architecture ?? o.architecture) === o.architecture)
    .sort(cheapestFirst);
}

function forWorkers(spec: ClusterSpec, fitting: readonly Offer[]): readonly Offer[] {
  const onDemand = fitting.filter((offer) => offer.market === 'on-demand').sort(cheapestFirst);
  const ceiling = onDemand[0]?.microsPerHour ?? Number.POSITIVE_INFINITY;
  // Spot that costs more than on-demand buys the risk and nothing for it.
  const spot = fitting.filter((o) => o.market === 'spot' && o.microsPerHour <= ceiling).sort(cheapestFirst);
  return { spot: [...spot, ...onDemand], 'spot-only': spot, 'on-demand': onDemand }[spec.market];
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
