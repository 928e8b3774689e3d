import type { Offer } from '@daskup/core/plan/offer';

/** An offer of EC2, but for what a test cares about. */
export function offer(change: Partial<Offer> = {}): Offer {
  return {
    provider: 'aws',
    region: 'eu-west-2',
    zone: 'eu-west-2a',
    type: 'c7g.large',
    market: 'spot',
    architecture: 'arm64',
    vcpus: 2,
    memoryGiB: 4,
    gpus: 0,
    gpuKind: null,
    ssdGiB: 0,
    byNameOnly: null,
    microsPerHour: 31_200,
    minimumSeconds: 60,
    ...change,
  };
}
