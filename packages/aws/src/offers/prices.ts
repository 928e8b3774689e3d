import type { EC2 } from '@aws-sdk/client-ec2';
import type { Pricing } from '@aws-sdk/client-pricing';
import { DOLLAR } from '@daskup/core/account/money';
import * as z from 'zod/mini';
import { batches, pages } from '../pages.ts';

/** One pool of spot capacity and its price, or a type in a zone where it is not sold on spot; micro-dollars an hour. */
export type SpotPrice = readonly [type: string, zone: string, micros: number];
export type OnDemandPrice = readonly [type: string, micros: number];
export type Offering = readonly [type: string, zone: string];

/** What Linux costs on spot now, in every zone of the region: a call for each thousand pools. */
export async function spotPrices(ec2: EC2, now: number): Promise<readonly SpotPrice[]> {
  const at = new Date(now);
  const newest = new Map<string, { readonly since: number; readonly price: SpotPrice }>();
  for await (const { SpotPriceHistory = [] } of pages((NextToken) =>
    // With one moment for both ends, EC2 gives the price that stood then and none before.
    ec2.describeSpotPriceHistory({
      StartTime: at,
      EndTime: at,
      ProductDescriptions: ['Linux/UNIX'],
      MaxResults: 1000,
      NextToken,
    }),
  )) {
    for (const { InstanceType: type, AvailabilityZone: zone, SpotPrice, Timestamp } of SpotPriceHistory) {
      if (!type || !zone) continue;
      const micros = Math.round(Number(SpotPrice) * DOLLAR);
      const since = Timestamp?.getTime() ?? 0;
      const key = `${type}/${zone}`;
      if (micros > 0 && since >= (newest.get(key)?.since ?? 0)) newest.set(key, { since, price: [type, zone, micros] });
    }
  }
  return [...newest.values()].map(({ price }) => price);
}

/** Where in the region these types are sold. */
export async function offerings(ec2: EC2, types: readonly string[]): Promise<readonly Offering[]> {
  const found: Offering[] = [];
  for (const Values of batches(types)) {
    for await (const { InstanceTypeOfferings = [] } of pages((NextToken) =>
      ec2.describeInstanceTypeOfferings({
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values }],
        MaxResults: 1000,
        NextToken,
      }),
    )) {
      for (const { InstanceType, Location } of InstanceTypeOfferings) {
        if (InstanceType && Location) found.push([InstanceType, Location]);
      }
    }
  }
  return found;
}

const Product = z.object({
  product: z.object({ attributes: z.object({ instanceType: z.string() }) }),
  terms: z.object({
    OnDemand: z.record(
      z.string(),
      z.object({
        priceDimensions: z.record(
          z.string(),
          z.object({ unit: z.string(), pricePerUnit: z.object({ USD: z.optional(z.string()) }) }),
        ),
      }),
    ),
  }),
});

/** What makes a product of the price list a plain Linux machine by the hour. */
const PLAIN = {
  operatingSystem: 'Linux',
  tenancy: 'Shared',
  preInstalledSw: 'NA',
  capacitystatus: 'Used',
  marketoption: 'OnDemand',
};

/** What Linux costs on demand in a region: a call for each hundred types, of the price list's own. */
export async function onDemandPrices(pricing: Pricing, region: string): Promise<readonly OnDemandPrice[]> {
  const Filters = Object.entries({ ...PLAIN, regionCode: region }).map(([Field, Value]) => ({
    Type: 'TERM_MATCH' as const,
    Field,
    Value,
  }));
  const prices = new Map<string, number>();
  for await (const { PriceList = [] } of pages((NextToken) =>
    pricing.getProducts({ ServiceCode: 'AmazonEC2', Filters, MaxResults: 100, NextToken }),
  )) {
    for (const text of PriceList) {
      const { success, data } = z.safeParse(Product, JSON.parse(String(text)));
      // What is not sold by the hour.
      if (!success) continue;
      const [price] = Object.values(data.terms.OnDemand).flatMap((term) => Object.values(term.priceDimensions));
      const micros = Math.round(Number(price?.pricePerUnit.USD) * DOLLAR);
      if (price?.unit === 'Hrs' && micros > 0) prices.set(data.product.attributes.instanceType, micros);
    }
  }
  return [...prices];
}
