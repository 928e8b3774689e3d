import { arch, availableParallelism, totalmem } from 'node:os';
import type { Offer } from '@daskup/core/plan/offer';

export const REGION = 'local';

/** All memory that may be used here: in a container less than the computer has. */
const MEMORY_BYTES = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** This computer costs nothing by the hour; so that a bill can be seen, it pretends to these prices (micro-dollars). */
const PRICE = { vcpuHour: 40_000, gibHour: 5_000, spotShare: 0.3 } as const;

/**
 * Instance types made of this computer's cores and memory: `local.1`, `local.2`, `local.4`, ... Processes share the
 * cores, so there may be many more machines than cores.
 */
export function localOffers(cores = availableParallelism(), memoryBytes = MEMORY_BYTES): readonly Offer[] {
  const sizes: number[] = [];
  for (let size = 1; size <= cores; size *= 2) sizes.push(size);
  const gibPerCore = memoryBytes / 2 ** 30 / cores;
  return sizes.flatMap((vcpus) => {
    const memoryGiB = Math.max(0.1, Math.floor(gibPerCore * vcpus * 10) / 10);
    const price = Math.round(vcpus * PRICE.vcpuHour + memoryGiB * PRICE.gibHour);
    const offer = {
      provider: 'local',
      region: REGION,
      zone: REGION,
      type: `local.${vcpus}`,
      architecture: arch() === 'arm64' ? ('arm64' as const) : ('x86_64' as const),
      vcpus,
      memoryGiB,
      gpus: 0,
      gpuKind: null,
      ssdGiB: 0,
      byNameOnly: null,
      minimumSeconds: 0,
    };
    return [
      { ...offer, market: 'on-demand' as const, microsPerHour: price },
      { ...offer, market: 'spot' as const, microsPerHour: Math.round(price * PRICE.spotShare) },
    ];
  });
}

/**
 * How many machines this computer has room for: at 0.25 GiB each, and 200 at most. A worker with nothing to do needs about
 * 100 MB; past this many the computer would only swap.
 */
export function machineLimit(memoryBytes = MEMORY_BYTES): number {
  return Math.min(200, Math.floor(memoryBytes / 2 ** 28));
}
