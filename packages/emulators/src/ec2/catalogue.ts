import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { motoTable } from './moto.ts';
import type { Answer } from './xml.ts';

const Type = z.looseObject({
  InstanceType: z.string(),
  Hypervisor: z.optional(z.string()),
  CurrentGeneration: z.boolean(),
  VCpuInfo: z.object({ DefaultVCpus: z.number() }),
  MemoryInfo: z.object({ SizeInMiB: z.number() }),
  ProcessorInfo: z.looseObject({ SupportedArchitectures: z.array(z.string()) }),
  SupportedUsageClasses: z.array(z.string()),
  InstanceStorageInfo: z.optional(
    z.looseObject({ Disks: z.array(z.looseObject({ Count: z.number() })), NvmeSupport: z.optional(z.string()) }),
  ),
});
/** As DescribeInstanceTypes names its fields. */
export type InstanceType = z.infer<typeof Type>;

const Offerings = z.array(z.object({ InstanceType: z.string(), Location: z.string() }));

const PRICES = new URL('data/on-demand-us-east-1.csv', import.meta.url);

/** Micro-dollars an hour in us-east-1, by type: AWS's public price list of 2026-07-20 for Linux. */
const BASE: ReadonlyMap<string, number> = new Map(
  readFileSync(PRICES, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [type = '', micros] = line.split(',');
      return [type, Number(micros)];
    }),
);

/** What a region charges for what costs 1 in us-east-1. Near the truth for the most used, pretended for the others. */
const FACTORS: Readonly<Record<string, number>> = {
  'us-east-1': 1,
  'us-east-2': 1,
  'us-west-2': 1,
  'us-west-1': 1.17,
  'ca-central-1': 1.11,
  'eu-west-1': 1.11,
  'eu-west-2': 1.16,
  'eu-west-3': 1.17,
  'eu-central-1': 1.2,
  'eu-north-1': 1.06,
  'ap-south-1': 1.05,
  'sa-east-1': 1.59,
};
const OTHER_FACTOR = 1.25;

/** What EC2 sells: the types of moto's tables that AWS's price list has a price for. */
export class Catalogue {
  readonly types: ReadonlyMap<string, InstanceType>;
  readonly #folder: string;
  readonly #offerings = new Map<string, Promise<ReadonlyMap<string, ReadonlySet<string>>>>();

  private constructor(folder: string, types: ReadonlyMap<string, InstanceType>) {
    this.#folder = folder;
    this.types = types;
  }

  /** @param folder where moto is installed. */
  static async read(folder: string): Promise<Catalogue> {
    const table = z.record(z.string(), Type).parse(await motoTable(folder, 'instance_types'));
    return new Catalogue(folder, new Map(Object.entries(table).filter(([type]) => BASE.has(type))));
  }

  /** The types that each zone of a region has, by zone. */
  offerings(region: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    let zones = this.#offerings.get(region);
    if (!zones) {
      zones = this.#readOfferings(region);
      this.#offerings.set(region, zones);
    }
    return zones;
  }

  async #readOfferings(region: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const table = await motoTable(this.#folder, `instance_type_offerings/availability-zone/${region}`).catch(() => []);
    const zones = new Map<string, Set<string>>();
    for (const { InstanceType: type, Location: zone } of Offerings.parse(table)) {
      if (!this.types.has(type)) continue;
      const types = zones.get(zone) ?? new Set();
      zones.set(zone, types.add(type));
    }
    return new Map([...zones].toSorted());
  }
}

/** What a type costs on demand; micro-dollars an hour. */
export function onDemandMicros(type: string, region: string): number {
  const base = BASE.get(type);
  if (base === undefined) throw new RangeError(`${type} has no price`);
  return Math.round(base * (FACTORS[region] ?? OTHER_FACTOR));
}

/** The fields of one of EC2's JSON shapes as its XML names them. */
export function lowered(value: unknown): Answer {
  if (Array.isArray(value)) return value.map(lowered);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name.charAt(0).toLowerCase() + name.slice(1), lowered(part)]),
    );
  return value as string | number | boolean;
}
