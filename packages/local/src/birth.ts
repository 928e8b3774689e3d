import * as z from 'zod/mini';

const Tags = z.object({
  installation: z.string(),
  clusterId: z.string(),
  clusterName: z.string(),
  owner: z.string(),
  region: z.string(),
  role: z.enum(['scheduler', 'worker']),
  expiresAt: z.number(),
  token: z.string(),
});

const Offer = z.object({
  provider: z.string(),
  region: z.string(),
  zone: z.string(),
  type: z.string(),
  market: z.enum(['on-demand', 'spot']),
  architecture: z.enum(['x86_64', 'arm64']),
  vcpus: z.number(),
  memoryGiB: z.number(),
  gpus: z.number(),
  gpuKind: z._default(z.nullable(z.string()), null),
  ssdGiB: z.number(),
  byNameOnly: z._default(z.nullable(z.string()), null),
  microsPerHour: z.number(),
  minimumSeconds: z.number(),
});

/** What a machine carries from its first moment and for good, as a VM carries tags. */
export const Birth = z.object({
  id: z.string(),
  tags: Tags,
  offer: Offer,
  address: z.string(),
  launchedAt: z.number(),
});
export type Birth = z.infer<typeof Birth>;
