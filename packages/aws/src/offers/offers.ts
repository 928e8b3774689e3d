import { join } from 'node:path';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { Pricing } from '@aws-sdk/client-pricing';
import type { Offer, PriceAge } from '@daskup/core/plan/offer';
import * as z from 'zod/mini';
import { Cached, type Reading } from '../cached.ts';
import { describeTypes, type InstanceType } from './instance-type.ts';
import { knownTypes } from './known-types.ts';
import { type Offering, type OnDemandPrice, offerings, onDemandPrices, type SpotPrice, spotPrices } from './prices.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** EC2 moves spot prices slowly, by the long run of supply and demand; Karpenter looks every twelve hours. */
const SPOT = { freshMs: 10 * MINUTE_MS, usableMs: 120 * MINUTE_MS };
const ON_DEMAND = { freshMs: DAY_MS, usableMs: 7 * DAY_MS };

/** EC2 bills at least a minute of Linux. */
const MINIMUM_SECONDS = 60;

const Spot = z.readonly(z.array(z.readonly(z.tuple([z.string(), z.string(), z.int()]))));
const OnDemand = z.readonly(z.array(z.readonly(z.tuple([z.string(), z.int()]))));
const Rest = z.object({
  /** Zones of the types that have no spot price to tell where they are. */
  offerings: z.readonly(z.array(z.readonly(z.tuple([z.string(), z.string()])))),
  /** Types newer than those that come with daskup. */
  types: z.array(
    z.object({
      type: z.string(),
      architecture: z.enum(['x86_64', 'arm64']),
      vcpus: z.number(),
      memoryGiB: z.number(),
      gpus: z.number(),
      gpuKind: z.nullable(z.string()),
      ssdGiB: z.number(),
      byNameOnly: z.nullable(z.string()),
    }),
  ),
});
type Rest = { readonly offerings: readonly Offering[]; readonly types: InstanceType[] };

export interface OffersOptions {
  /** Where prices are kept between processes, by absolute path; of one account and one endpoint. */
  readonly folder: string;
  readonly ec2: (region: string) => Promise<EC2>;
  readonly pricing: () => Promise<Pricing>;
  readonly now: () => number;
}

/**
 * What EC2 sells, and at what price. With nothing kept, a region takes a call for each thousand spot pools (three in
 * London), at most one or two for what those leave open, and, beside them, the price list's; with prices that are kept, none.
 */
export class Offers {
  readonly #options: OffersOptions;
  readonly #regions = new Map<string, RegionOffers>();
  readonly #known = lazy(knownTypes);

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** Every offer in these regions. */
  async of(regions: readonly string[]): Promise<readonly Offer[]> {
    const all = await Promise.all(regions.map((region) => this.#in(region).offers()));
    return all.length === 1 ? (all[0] ?? []) : all.flat();
  }

  /** When the prices behind them were read. */
  async ages(regions: readonly string[]): Promise<readonly PriceAge[]> {
    return (await Promise.all(regions.map((region) => this.#in(region).ages()))).flat();
  }

  #in(region: string): RegionOffers {
    const known = this.#regions.get(region) ?? new RegionOffers(region, this.#options, this.#known);
    this.#regions.set(region, known);
    return known;
  }
}

class RegionOffers {
  readonly #region: string;
  readonly #known: () => ReadonlyMap<string, InstanceType>;
  readonly #spot: Cached<readonly SpotPrice[]>;
  readonly #onDemand: Cached<readonly OnDemandPrice[]>;
  readonly #rest: Cached<Rest>;
  #made: { readonly from: readonly Reading<unknown>[]; readonly offers: readonly Offer[] } | null = null;

  constructor(
    region: string,
    { folder, ec2, pricing, now }: OffersOptions,
    known: () => ReadonlyMap<string, InstanceType>,
  ) {
    this.#region = region;
    this.#known = known;
    const file = (what: string) => join(folder, `${what}-${region}.json`);
    this.#spot = new Cached({
      ...SPOT,
      file: file('spot'),
      schema: Spot,
      read: async () => spotPrices(await ec2(region), now()),
      now,
    });
    this.#onDemand = new Cached({
      ...ON_DEMAND,
      file: file('on-demand'),
      schema: OnDemand,
      read: async () => onDemandPrices(await pricing(), region),
      now,
    });
    this.#rest = new Cached({
      ...ON_DEMAND,
      file: file('types'),
      schema: Rest,
      read: async () => this.#readRest(await ec2(region)),
      now,
    });
  }

  async offers(): Promise<readonly Offer[]> {
    const [spot, onDemand] = await Promise.all([this.#spot.get(), this.#onDemand.get()]);
    const rest = await this.#rest.get();
    const from = [spot, onDemand, rest];
    if (this.#made && from.every((reading, i) => reading === this.#made?.from[i])) return this.#made.offers;
    const offers = this.#make(spot.value, onDemand.value, rest.value);
    this.#made = { from, offers };
    return offers;
  }

  async ages(): Promise<readonly PriceAge[]> {
    const [spot, onDemand] = await Promise.all([this.#spot.get(), this.#onDemand.get()]);
    return [
      { region: this.#region, market: 'spot', readAt: spot.readAt, problem: this.#spot.problem },
      { region: this.#region, market: 'on-demand', readAt: onDemand.readAt, problem: this.#onDemand.problem },
    ];
  }

  /**
   * Where a type has a spot price it is sold, so that only those without one are looked up by zone: seven in London, where
   * all would be three calls.
   */
  async #readRest(ec2: EC2): Promise<Rest> {
    const [spot, onDemand] = await Promise.all([this.#spot.get(), this.#onDemand.get()]);
    const onSpot = new Set(spot.value.map(([type]) => type));
    const priced = onDemand.value.map(([type]) => type);
    const known = this.#known();
    const sold = [...new Set([...onSpot, ...priced])].filter(isNoMac);
    const [zones, types] = await Promise.all([
      offerings(
        ec2,
        sold.filter((type) => !onSpot.has(type)),
      ),
      describeTypes(
        ec2,
        sold.filter((type) => !known.has(type)),
      ),
    ]);
    return { offerings: zones, types: [...types] };
  }

  #make(spot: readonly SpotPrice[], onDemand: readonly OnDemandPrice[], { offerings, types }: Rest): readonly Offer[] {
    const newer = new Map(types.map((type) => [type.type, type]));
    const known = this.#known();
    const price = new Map(onDemand);
    const offers: Offer[] = [];
    const offer = (market: Offer['market'], name: string, zone: string, microsPerHour: number | undefined) => {
      const type = known.get(name) ?? newer.get(name);
      if (!type || microsPerHour === undefined) return;
      const place = { provider: 'aws', region: this.#region, zone };
      offers.push({ ...place, ...type, market, microsPerHour, minimumSeconds: MINIMUM_SECONDS });
    };
    for (const [type, zone, micros] of spot) {
      offer('spot', type, zone, micros);
      offer('on-demand', type, zone, price.get(type));
    }
    for (const [type, zone] of offerings) offer('on-demand', type, zone, price.get(type));
    return offers;
  }
}

/** No Linux runs on those. */
function isNoMac(type: string): boolean {
  return !type.startsWith('mac');
}

function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
