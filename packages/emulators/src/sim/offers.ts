import type { Offer } from '@daskup/core/plan/offer';

export const PROVIDER = 'sim';
export const REGION = 'sim-1';
export const ZONES = ['sim-1a', 'sim-1b', 'sim-1c'] as const;

const TYPES = [
  { type: 'small', vcpus: 2, memoryGiB: 8, microsPerHour: 85_003 },
  { type: 'large', vcpus: 8, memoryGiB: 32, microsPerHour: 340_007 },
] as const;

/** Two types in three zones on both markets, at prices that no hour divides: 12 pools. */
export const OFFERS: readonly Offer[] = TYPES.flatMap(({ microsPerHour, ...type }) =>
  ZONES.flatMap((zone, i) =>
    (['spot', 'on-demand'] as const).map((market): Offer => {
      const price = microsPerHour + 101 * i;
      return {
        ...type,
        provider: PROVIDER,
        region: REGION,
        zone,
        market,
        architecture: 'x86_64',
        gpus: 0,
        gpuKind: null,
        ssdGiB: 0,
        byNameOnly: null,
        microsPerHour: market === 'spot' ? Math.round(price * 0.3) : price,
        // EC2 bills at least a minute.
        minimumSeconds: 60,
      };
    }),
  ),
);
