import type { Architecture, Market } from '../spec/spec.ts';

/** One instance type in one zone on one market at one price. */
export interface Offer {
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly type: string;
  readonly market: Market;
  readonly architecture: Architecture;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly gpus: number;
  /** What its GPUs are, as people write it, such as `a10g`; null where it has none. */
  readonly gpuKind: string | null;
  /** Local SSD; 0 where there is none. */
  readonly ssdGiB: number;
  /** Why nobody is given this type who did not name it, such as `bare metal`; null for most types. */
  readonly byNameOnly: string | null;
  readonly microsPerHour: number;
  /** The cloud bills at least this long, however short the machine's life. */
  readonly minimumSeconds: number;
}

/** When the prices of one market in one region were read; milliseconds since 1970, UTC. */
export interface PriceAge {
  readonly region: string;
  readonly market: Market;
  readonly readAt: number;
  /** Why they could not be read anew, in words; null where nothing stood in the way. */
  readonly problem: string | null;
}

/** A pool of capacity that empties as one: what an offer draws from. */
export function poolOf(offer: Pick<Offer, 'market' | 'type' | 'zone'>): string {
  return `${offer.market}/${offer.type}/${offer.zone}`;
}
