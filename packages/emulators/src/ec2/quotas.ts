import type { Market } from './instance.ts';

export interface Quota {
  readonly code: string;
  readonly name: string;
  readonly market: Market;
  /** Families, by the letters their names begin with. */
  readonly families: readonly string[];
  /** vCPUs; what an account that is some months old may have. */
  readonly value: number;
}

const STANDARD = ['a', 'c', 'd', 'h', 'i', 'im', 'is', 'm', 'r', 't', 'z'];

/** vCPUs that may run at once. Source: EC2 user guide, "On-Demand Instance quotas" and "Spot Instance quotas". */
export const QUOTAS: readonly Quota[] = (
  [
    ['L-1216C47A', 'L-34B43A08', 'Standard (A, C, D, H, I, M, R, T, Z) instances', STANDARD, 20_000],
    ['L-DB2E81BA', 'L-3819A6DF', 'G and VT instances', ['g', 'gr', 'vt'], 1_000],
    ['L-417A185B', 'L-7212CCBC', 'P instances', ['p'], 1_000],
    ['L-7295265B', 'L-E3A00192', 'X instances', ['x'], 1_000],
    ['L-1945791B', 'L-B5D1601B', 'Inf instances', ['inf'], 1_000],
    ['L-2C3B7624', 'L-6B0D517C', 'Trn instances', ['trn'], 1_000],
    ['L-74FC7D96', 'L-88CF9481', 'F instances', ['f'], 1_000],
    ['L-6E869C2A', 'L-85EED4F7', 'DL instances', ['dl'], 1_000],
  ] as const
).flatMap(([onDemand, spot, name, families, value]) => [
  { code: onDemand, name: `Running On-Demand ${name}`, market: 'on-demand' as const, families, value },
  {
    code: spot,
    name: `All ${name.replace(' instances', '')} Spot Instance Requests`,
    market: 'spot' as const,
    families,
    value,
  },
]);

/** Which quota a type's vCPUs count against; null where there is none, as for families of another kind. */
export function quotaOf(type: string, market: Market): Quota | null {
  const letters = /^[a-z]+/.exec(type)?.[0] ?? '';
  return QUOTAS.find((quota) => quota.market === market && quota.families.includes(letters)) ?? null;
}
