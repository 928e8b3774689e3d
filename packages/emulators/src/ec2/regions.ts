import { REGIONS } from '@daskup/core/spec/regions';
import * as z from 'zod/mini';
import { Filters, matches, read, Texts } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Answer } from './xml.ts';

/** So new that moto has nothing there: an account has these only once it has enabled them, and this one has not. */
const NOT_ENABLED: readonly string[] = ['ap-east-2', 'ap-southeast-6', 'ap-southeast-7', 'me-west-1', 'sa-west-1'];

/** DescribeRegions: those that are enabled. Source: EC2 API reference, DescribeRegions, AllRegions. */
export function describeRegions(_region: Region, parameters: Parameters): Answer {
  const asked = read(z.object({ RegionName: Texts, Filter: Filters }), parameters);
  const all = REGIONS.aws.filter((name) => !NOT_ENABLED.includes(name));
  for (const name of asked.RegionName)
    if (!(all as readonly string[]).includes(name))
      throw new Refusal('InvalidParameterValue', `Invalid region names: [${name}]`);
  const wanted = all.filter(
    (name) =>
      (asked.RegionName.length === 0 || asked.RegionName.includes(name)) &&
      matches(asked.Filter, (filter) => (filter === 'region-name' ? [name] : undefined)),
  );
  return {
    regionInfo: wanted.map((name) => ({
      regionName: name,
      regionEndpoint: `ec2.${name}.amazonaws.com`,
      optInStatus: 'opt-in-not-required',
    })),
  };
}
