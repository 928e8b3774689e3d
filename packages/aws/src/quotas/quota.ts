import type { Market } from '@daskup/core/spec/spec';

/** How many vCPUs of some types may run at once on one market, in one region. */
export interface Quota {
  /** What it is of, such as `G and VT`. */
  readonly name: string;
  readonly code: string;
}

/** Elastic IP addresses in one region. */
export const ELASTIC_IPS = 'L-0263D0A3';

/** By the letters that instance types begin with. Source: EC2 user guide, "Amazon EC2 instance type quotas"; Service Quotas, service `ec2`. */
const QUOTAS: readonly {
  readonly families: readonly string[];
  readonly name: string;
  readonly code: Readonly<Record<Market, string>>;
}[] = [
  {
    families: ['a', 'c', 'd', 'h', 'i', 'im', 'is', 'm', 'r', 't', 'z'],
    name: 'standard',
    code: { 'on-demand': 'L-1216C47A', spot: 'L-34B43A08' },
  },
  { families: ['g', 'gr', 'vt'], name: 'G and VT', code: { 'on-demand': 'L-DB2E81BA', spot: 'L-3819A6DF' } },
  { families: ['p'], name: 'P', code: { 'on-demand': 'L-417A185B', spot: 'L-7212CCBC' } },
  { families: ['inf'], name: 'Inf', code: { 'on-demand': 'L-1945791B', spot: 'L-B5D1601B' } },
  { families: ['trn'], name: 'Trn', code: { 'on-demand': 'L-2C3B7624', spot: 'L-6B0D517C' } },
  { families: ['dl'], name: 'DL', code: { 'on-demand': 'L-6E869C2A', spot: 'L-85EED4F7' } },
  { families: ['f'], name: 'F', code: { 'on-demand': 'L-74FC7D96', spot: 'L-88CF9481' } },
  { families: ['x'], name: 'X', code: { 'on-demand': 'L-7295265B', spot: 'L-E3A00192' } },
];

/** The quota that a type's vCPUs count against; null for kinds that have one of their own, such as `hpc7g`. */
export function quotaOf(type: string, market: Market): Quota | null {
  const letters = /^[a-z]+/.exec(type)?.[0] ?? '';
  const found = QUOTAS.find(({ families }) => families.includes(letters));
  return found ? { name: found.name, code: found.code[market] } : null;
}

/** The page on which an account asks for more of a quota of EC2. */
export function pageOf(region: string, code: string): string {
  return quotaUrl(region, `ec2/quotas/${code}`);
}

/** @param quota of any service, such as `vpc/quotas/L-E79EC296`. */
export function quotaUrl(region: string, quota: string): string {
  return `https://${region}.console.aws.amazon.com/servicequotas/home/services/${quota}`;
}
