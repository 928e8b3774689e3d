import type { ClusterSpec } from '../spec/spec.ts';
import type { Offer } from './offer.ts';

/** The {@link Offer.byNameOnly} of types that are too small for most work: also given to those who ask for that little. */
export const SMALL = 'small';

/** What a worker has at least when nobody says how much. */
const LEAST = { vcpus: 2, memoryGiB: 4 };

type Size = Pick<Offer, 'vcpus' | 'memoryGiB'>;

export function isSmall({ vcpus, memoryGiB }: Size): boolean {
  return vcpus < LEAST.vcpus || memoryGiB < LEAST.memoryGiB;
}

/** Whether somebody has said that a worker may be so small: in vCPUs, in memory, or in both. */
export function mayBeSmall({ cpu, memoryGiB }: Pick<ClusterSpec, 'cpu' | 'memoryGiB'>, size: Size): boolean {
  return !isSmall({
    vcpus: cpu > 0 ? LEAST.vcpus : size.vcpus,
    memoryGiB: memoryGiB > 0 ? LEAST.memoryGiB : size.memoryGiB,
  });
}
