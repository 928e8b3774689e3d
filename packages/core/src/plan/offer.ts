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
  /** Local SSD; 0 where there is none. */
  readonly ssdGiB: number;
  readonly microsPerHour: number;
  /** The cloud bills at least this long, however short the machine's life. */
  readonly minimumSeconds: number;
}

/** A pool of capacity that empties as one: what an offer draws from. */
export function poolOf(offer: Pick<Offer, 'market' | 'type' | 'zone'>): string {
  return `${offer.market}/${offer.type}/${offer.zone}`;
}
