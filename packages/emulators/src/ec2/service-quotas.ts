import * as z from 'zod/mini';
import { ACCOUNT } from './images.ts';
import { QUOTAS, type Quota } from './quotas.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

/** Service Quotas, of EC2's vCPUs only. */
export function serviceQuotas(region: Region, operation: string, body: unknown): unknown {
  const asked = z.object({ ServiceCode: z.string(), QuotaCode: z.optional(z.string()) }).parse(body);
  const quotas = asked.ServiceCode === 'ec2' ? QUOTAS : [];
  const isDefault = operation.includes('Default');
  const shown = (quota: Quota) => ({
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
      return { Quotas: quotas.map(shown) };
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
