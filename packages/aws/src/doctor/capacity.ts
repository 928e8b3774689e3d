import type { EC2 } from '@aws-sdk/client-ec2';
import type { Finding } from '@daskup/core/provision/provider';
import type { Market } from '@daskup/core/spec/spec';
import { filter } from '../network/network.ts';
import { knownTypes } from '../offers/known-types.ts';
import { collected } from '../pages.ts';
import { ELASTIC_IPS, pageOf, quotaOf } from '../quotas/quota.ts';
import { type Need, needsOf, type SiteOffers, shortfall } from '../quotas/shortfall.ts';

/** What quotas are looked at for: so many workers at a site. */
export interface Wish {
  readonly site: SiteOffers;
  readonly workers: number;
}

/** vCPUs of all machines in the region, whosever they are, by the code of the quota they count against. */
export async function inUse(ec2: EC2): Promise<ReadonlyMap<string, number>> {
  const known = knownTypes();
  const machines = await collected(
    (NextToken) =>
      ec2.describeInstances({
        Filters: [filter('instance-state-name', 'pending', 'running')],
        MaxResults: 1000,
        NextToken,
      }),
    ({ Reservations }) => Reservations?.flatMap(({ Instances = [] }) => Instances),
  );
  const used = new Map<string, number>();
  for (const { InstanceType: type = '', InstanceLifecycle, CpuOptions } of machines) {
    const quota = quotaOf(type, InstanceLifecycle === 'spot' ? 'spot' : 'on-demand');
    const own = (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 0);
    if (quota) used.set(quota.code, (used.get(quota.code) ?? 0) + (known.get(type)?.vcpus ?? own));
  }
  return used;
}

/**
 * How much there is of each quota that a wish counts against, and whether it is enough beside what runs. Without a wish, of
 * those that most clusters need.
 */
export function vcpuFindings(
  region: string,
  wish: Wish | null,
  values: Readonly<Record<string, number>>,
  used: ReadonlyMap<string, number>,
): readonly Finding[] {
  const needs = wish ? needsOf(wish.site, wish.workers, (code) => values[code] ?? null) : COMMON.map(needOf(values));
  const left = (code: string) => {
    const value = values[code];
    return value === undefined ? null : value - (used.get(code) ?? 0);
  };
  const problem = wish && shortfall(wish.site, wish.workers, left);
  const told = needs.map(({ code, market, name, value, needed }) => {
    const there = value === null ? 'nobody says how many' : `${value} vCPUs`;
    const room = left(code);
    const isShort = room !== null && room < Math.max(needed, wish ? 0 : 1) && (problem !== null || wish === null);
    const fix = isShort ? `. Ask for more: ${pageOf(region, code)}` : '';
    const inUse = used.get(code) ?? 0;
    return {
      ok: !isShort,
      message: `quota ${market} ${name} in ${region}: ${there}, ${inUse} in use${wish ? `, ${needed} needed` : ''}${fix}`,
    };
  });
  return told;
}

const COMMON = (['on-demand', 'spot'] as const satisfies readonly Market[]).flatMap((market) => {
  const quota = quotaOf('m', market);
  return quota ? [{ ...quota, market }] : [];
});

function needOf(values: Readonly<Record<string, number>>) {
  return ({ code, name, market }: (typeof COMMON)[number]): Need => {
    return { code, name, market, value: values[code] ?? null, needed: 0, workers: 0 };
  };
}

/** Whether there is an Elastic IP address for one more scheduler. */
export async function addressFinding(
  ec2: EC2,
  region: string,
  values: Readonly<Record<string, number>>,
): Promise<Finding> {
  const { Addresses = [] } = await ec2.describeAddresses({});
  const value = values[ELASTIC_IPS];
  const isShort = value !== undefined && value <= Addresses.length;
  const fix = isShort ? `. End a cluster, or ask for more: ${pageOf(region, ELASTIC_IPS)}` : '';
  return {
    ok: !isShort,
    message: `quota Elastic IP addresses in ${region}: ${value ?? 'nobody says how many'}, ${Addresses.length} in use, 1 needed${fix}`,
  };
}
