import * as z from 'zod/mini';
import { ELASTIC_IPS } from './addresses.ts';
import { ACCOUNT } from './images.ts';
import { page } from './parameters.ts';
import { QUOTAS, type Quota } from './quotas.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

/** EC2 has more quotas than one page holds. Source: Service Quotas API reference, ListServiceQuotas, MaxResults. */
const MOST_A_PAGE = 100;

/** Service Quotas of EC2: of vCPUs and Elastic IP addresses only. */
export function serviceQuotas(region: Region, operation: string, body: unknown): unknown {
  const asked = z
    .object({
      ServiceCode: z.string(),
      QuotaCode: z.optional(z.string()),
      MaxResults: z._default(z.number(), MOST_A_PAGE),
      NextToken: z.optional(z.string()),
    })
    .parse(body);
  const quotas = asked.ServiceCode === 'ec2' ? [...QUOTAS, ELASTIC_IPS] : [];
  const isDefault = operation.includes('Default');
  const shown = (quota: Pick<Quota, 'code' | 'name' | 'value'>) => ({
    ServiceCode: 'ec2',
    ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
    QuotaArn: `arn:aws:servicequotas:${region.name}:${ACCOUNT}:ec2/${quota.code}`,
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: isDefault ? 5 : (region.world.quotas.get(quota.code) ?? quota.value),
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
  });
  switch (operation) {
    case 'ListServiceQuotas':
    case 'ListAWSDefaultServiceQuotas':
      return paged(quotas.map(shown), asked);
    case 'GetServiceQuota':
    case 'GetAWSDefaultServiceQuota': {
      const quota = quotas.find(({ code }) => code === asked.QuotaCode);
      if (!quota)
        throw new Refusal('NoSuchResourceException', 'The request failed because the specified quota does not exist');
      return { Quota: shown(quota) };
    }
    default:
      throw new Refusal('UnknownOperationException', `This emulator does not know ${operation}`);
  }
}

function paged<T>(
  quotas: readonly T[],
  asked: { readonly MaxResults: number; readonly NextToken?: string | undefined },
) {
  if (asked.MaxResults < 1 || asked.MaxResults > MOST_A_PAGE)
    throw new Refusal('IllegalArgumentException', `MaxResults must be between 1 and ${MOST_A_PAGE}`);
  const { items, nextToken } = page(quotas, asked);
  return { Quotas: items, NextToken: nextToken };
}
