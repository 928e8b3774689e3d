import * as z from 'zod/mini';
import { type InstanceType, lowered } from './catalogue.ts';
import { Filters, matches, Paged, page, read, Texts } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import { checkType } from './rules.ts';
import type { Answer } from './xml.ts';

/** DescribeInstanceTypes: those that the region has somewhere. */
export async function describeInstanceTypes(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(z.extend(Paged, { InstanceType: Texts, Filter: Filters }), parameters);
  const offered = new Set(
    [...(await region.world.catalogue.offerings(region.name)).values()].flatMap((types) => [...types]),
  );
  const known = asked.InstanceType.map((name) => {
    if (!offered.has(name))
      throw new Refusal('InvalidInstanceType', `The following supplied instance types do not exist: [${name}]`);
    return checkType(region, name);
  });
  const all = [...region.world.catalogue.types.values()].filter(({ InstanceType }) => offered.has(InstanceType));
  const wanted = (known.length ? known : all).filter((type) => matches(asked.Filter, (name) => typeValues(type, name)));
  // Source: EC2 API reference, DescribeInstanceTypes, MaxResults: at most 100.
  const { items, nextToken } = page(wanted, asked, 100);
  return { instanceTypeSet: items.map(lowered), nextToken };
}

/** A field by the name a filter has for it: `vcpu-info.default-vcpus` is `VCpuInfo.DefaultVCpus`. */
function typeValues(type: InstanceType, name: string): readonly string[] | undefined {
  const parts = name.replace(/^(processor-info\.)supported-architecture$/, '$1supported-architectures').split('.');
  const alias: Readonly<Record<string, string>> = { 'supported-usage-class': 'supported-usage-classes' };
  let at: unknown = type;
  for (const part of parts.map((one) => alias[one] ?? one)) {
    const key = part.replaceAll('-', '');
    if (typeof at !== 'object' || at === null) return [];
    at = Object.entries(at).find(([field]) => field.toLowerCase() === key)?.[1];
  }
  if (at === undefined) return [];
  return (Array.isArray(at) ? at : [at]).map(String);
}

export async function describeInstanceTypeOfferings(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(z.extend(Paged, { LocationType: z._default(z.string(), 'region'), Filter: Filters }), parameters);
  const { LocationType: locationType } = asked;
  const zones = await region.world.catalogue.offerings(region.name);
  const places: readonly (readonly [string, ReadonlySet<string>])[] =
    locationType === 'region'
      ? [[region.name, new Set([...zones.values()].flatMap((types) => [...types]))]]
      : [...zones];
  if (locationType !== 'region' && locationType !== 'availability-zone')
    throw new Refusal(
      'InvalidParameterValue',
      `This emulator knows the location types region and availability-zone only`,
    );
  const offerings = places.flatMap(([location, types]) =>
    [...types].map((instanceType) => ({ instanceType, locationType, location })),
  );
  const wanted = offerings.filter(({ instanceType, location }) =>
    matches(asked.Filter, (name) =>
      name === 'instance-type' ? [instanceType] : name === 'location' ? [location] : undefined,
    ),
  );
  const { items, nextToken } = page(wanted, asked, 1_000);
  return { instanceTypeOfferingSet: items, nextToken };
}

const PRODUCT = 'Linux/UNIX';

/** DescribeSpotPriceHistory, for Linux: newest first. */
export async function describeSpotPriceHistory(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(
    z.extend(Paged, {
      InstanceType: Texts,
      ProductDescription: Texts,
      AvailabilityZone: z.optional(z.string()),
      StartTime: z.optional(z.string()),
      EndTime: z.optional(z.string()),
      Filter: Filters,
    }),
    parameters,
  );
  // Source: EC2 API reference, DescribeSpotPriceHistory, StartTime: up to the past 90 days.
  const to = Math.min(timeOf(asked.EndTime) ?? region.now, region.now);
  const from = Math.max(timeOf(asked.StartTime) ?? 0, region.now - 90 * 86_400_000);
  if (asked.ProductDescription.length && !asked.ProductDescription.some((name) => name.startsWith(PRODUCT)))
    return { spotPriceHistorySet: [] };
  const wantedTypes = new Set(asked.InstanceType);
  const history = [];
  for (const [zone, types] of await region.world.catalogue.offerings(region.name)) {
    if (asked.AvailabilityZone !== undefined && asked.AvailabilityZone !== zone) continue;
    for (const type of types) {
      if (wantedTypes.size > 0 && !wantedTypes.has(type)) continue;
      if (!region.world.catalogue.types.get(type)?.SupportedUsageClasses.includes('spot')) continue;
      const fits = matches(asked.Filter, (name) => {
        if (name === 'availability-zone') return [zone];
        if (name === 'instance-type') return [type];
        return name === 'product-description' ? [PRODUCT, `${PRODUCT} (Amazon VPC)`] : undefined;
      });
      if (!fits) continue;
      for (const { micros, since } of region.world.spot.between(type, region.name, zone, Math.min(from, to), to))
        history.push({ type, zone, micros, since });
    }
  }
  history.sort((a, b) => b.since - a.since);
  const { items, nextToken } = page(history, asked, 1_000);
  return {
    spotPriceHistorySet: items.map(({ type, zone, micros, since }) => ({
      instanceType: type,
      productDescription: PRODUCT,
      spotPrice: (micros / 1e6).toFixed(6),
      timestamp: new Date(since),
      availabilityZone: zone,
    })),
    // EC2 ends with an empty token.
    nextToken: nextToken ?? '',
  };
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Refusal('InvalidParameterValue', `Invalid time ${text}`);
  return time;
}

/** How likely a spot request of this size succeeds, by zone or region: 1 to 10. Here by how much is empty. */
export async function getSpotPlacementScores(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(
    z.extend(Paged, { InstanceType: Texts, SingleAvailabilityZone: z.optional(z.string()), RegionName: Texts }),
    parameters,
  );
  const { emptyPools } = region.world.faults;
  const scores = [];
  for (const name of asked.RegionName.length ? asked.RegionName : [region.name]) {
    for (const [zone, types] of await region.world.catalogue.offerings(name)) {
      const pools = asked.InstanceType.filter((type) => types.has(type)).map((type) => `spot/${type}/${zone}`);
      const open = pools.filter((pool) => !emptyPools.some((part) => pool.includes(part)));
      const score = pools.length === 0 ? 1 : Math.max(1, Math.round((9 * open.length) / pools.length));
      scores.push({ region: name, zone, score });
    }
  }
  const byZone = asked.SingleAvailabilityZone === 'true';
  const regions = [...Map.groupBy(scores, (one) => one.region)].map(([name, list]) => ({
    region: name,
    score: Math.max(...list.map(({ score }) => score)),
  }));
  return {
    spotPlacementScoreSet: byZone
      ? scores.map(({ zone, ...rest }) => ({ ...rest, availabilityZoneId: zone }))
      : regions,
  };
}
