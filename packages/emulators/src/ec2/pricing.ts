import { createHash } from 'node:crypto';
import { REGIONS } from '@daskup/core/spec/regions';
import * as z from 'zod/mini';
import { type Catalogue, type InstanceType, onDemandMicros } from './catalogue.ts';
import { Refusal } from './refusal.ts';

const Asked = z.object({
  ServiceCode: z.string(),
  Filters: z._default(z.array(z.object({ Type: z.string(), Field: z.string(), Value: z.string() })), []),
  MaxResults: z.optional(z.number()),
  NextToken: z.optional(z.string()),
});

/** Of the price list: on-demand Linux on shared hardware, in every region that has the type. */
export async function pricing(catalogue: Catalogue, operation: string, body: unknown): Promise<unknown> {
  if (operation !== 'GetProducts')
    throw new Refusal('InvalidParameterException', `This emulator does not know ${operation}`);
  const { ServiceCode, Filters, MaxResults, NextToken } = Asked.parse(body);
  if (ServiceCode !== 'AmazonEC2') return { FormatVersion: 'aws_v1', PriceList: [] };
  const wanted = (attributes: Readonly<Record<string, string>>) =>
    Filters.every(({ Type, Field, Value }) => {
      const value = attributes[Field] ?? '';
      if (Type === 'TERM_MATCH' || Type === 'EQUALS') return value === Value;
      if (Type === 'CONTAINS') return value.includes(Value);
      return Type === 'ANY_OF' && Value.split(',').includes(value);
    });
  const only = Filters.find(({ Field, Type }) => Field === 'regionCode' && Type !== 'CONTAINS')?.Value;
  const products: string[] = [];
  for (const region of REGIONS.aws) {
    if (only !== undefined && !only.split(',').includes(region)) continue;
    const offered = new Set([...(await catalogue.offerings(region)).values()].flatMap((types) => [...types]));
    for (const name of offered) {
      const type = catalogue.types.get(name);
      const attributes = type && attributesOf(type, region);
      if (attributes && wanted(attributes))
        products.push(JSON.stringify(product(attributes, onDemandMicros(name, region))));
    }
  }
  const from = Number(NextToken ?? 0);
  // Source: Price List Query API reference, GetProducts, MaxResults: at most 100.
  const to = from + Math.min(MaxResults ?? 100, 100);
  return {
    FormatVersion: 'aws_v1',
    PriceList: products.slice(from, to),
    ...(to < products.length ? { NextToken: String(to) } : {}),
  };
}

function attributesOf(type: InstanceType, region: string): Readonly<Record<string, string>> {
  const GiB = type.MemoryInfo.SizeInMiB / 1024;
  return {
    servicecode: 'AmazonEC2',
    servicename: 'Amazon Elastic Compute Cloud',
    instanceType: type.InstanceType,
    currentGeneration: type.CurrentGeneration ? 'Yes' : 'No',
    vcpu: String(type.VCpuInfo.DefaultVCpus),
    memory: `${GiB} GiB`,
    location: region,
    locationType: 'AWS Region',
    regionCode: region,
    operatingSystem: 'Linux',
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    licenseModel: 'No License required',
    capacitystatus: 'Used',
    marketoption: 'OnDemand',
    operation: 'RunInstances',
    usagetype: `BoxUsage:${type.InstanceType}`,
  };
}

function product(attributes: Readonly<Record<string, string>>, micros: number): unknown {
  const sku = createHash('sha256')
    .update(`${attributes.instanceType}/${attributes.regionCode}`)
    .digest('hex')
    .slice(0, 16)
    .toUpperCase();
  const term = `${sku}.JRTCKXETXF`;
  const rateCode = `${term}.6YS6EN2CT7`;
  return {
    product: { productFamily: 'Compute Instance', attributes, sku },
    serviceCode: 'AmazonEC2',
    terms: {
      OnDemand: {
        [term]: {
          priceDimensions: {
            [rateCode]: {
              unit: 'Hrs',
              beginRange: '0',
              endRange: 'Inf',
              rateCode,
              appliesTo: [],
              description: `$${micros / 1e6} per On Demand Linux ${attributes.instanceType} Instance Hour`,
              pricePerUnit: { USD: (micros / 1e6).toFixed(10) },
            },
          },
          sku,
          offerTermCode: 'JRTCKXETXF',
          effectiveDate: '2026-07-01T00:00:00Z',
          termAttributes: {},
        },
      },
    },
    version: '20260720000000',
    publicationDate: '2026-07-20T00:00:00Z',
  };
}
