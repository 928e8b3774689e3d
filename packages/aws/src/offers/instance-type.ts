import type { EC2, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { Offer } from '@daskup/core/plan/offer';
import { isSmall, SMALL } from '@daskup/core/plan/small';
import { batches, pages } from '../pages.ts';

/** What never changes of an instance type, wherever it is sold. */
export type InstanceType = Pick<
  Offer,
  'type' | 'architecture' | 'vcpus' | 'memoryGiB' | 'gpus' | 'gpuKind' | 'ssdGiB' | 'byNameOnly'
>;

/** What EC2 says of the region's types that have one of these names; of all without names. Those that Linux does not run on are left out. */
export async function describeTypes(ec2: EC2, names?: readonly string[]): Promise<readonly InstanceType[]> {
  const found: InstanceType[] = [];
  // As a filter, a name that the region does not know does no harm.
  const filters =
    names === undefined ? [undefined] : batches(names).map((Values) => [{ Name: 'instance-type', Values }]);
  for (const Filters of filters) {
    for await (const { InstanceTypes = [] } of pages((NextToken) =>
      ec2.describeInstanceTypes({ MaxResults: 100, NextToken, Filters }),
    )) {
      found.push(...InstanceTypes.flatMap((info) => instanceType(info) ?? []));
    }
  }
  return found;
}

/** Null of what is no Linux machine, such as a Mac. */
function instanceType(info: InstanceTypeInfo): InstanceType | null {
  const architectures = info.ProcessorInfo?.SupportedArchitectures ?? [];
  const architecture = (['x86_64', 'arm64'] as const).find((one) => architectures.includes(one));
  const type = info.InstanceType;
  if (!architecture || !type) return null;
  const [gpu] = info.GpuInfo?.Gpus ?? [];
  return {
    type,
    architecture,
    ...sizeOf(info),
    gpus: gpu?.Count || (gpu ? 1 : 0),
    gpuKind: gpu?.Name?.toLowerCase().replace(/[^a-z0-9]+/g, '-') ?? null,
    ssdGiB: ssdGiB(info),
    byNameOnly: special(info),
  };
}

/** Why a type is no machine for somebody who only said how large it should be. */
function special(info: InstanceTypeInfo): string | null {
  if (info.BareMetal) return 'bare metal';
  // Busy for longer than its credits last, it is slowed down or costs more than its price.
  if (info.BurstablePerformanceSupported) return 'burstable';
  if (info.NeuronInfo || info.InferenceAcceleratorInfo || info.FpgaInfo || info.MediaAcceleratorInfo)
    return 'accelerator';
  if (info.GpuInfo?.Gpus?.some(({ Count }) => Count === 0)) return 'part of a GPU';
  if (info.Hypervisor === 'xen') return 'old';
  return isSmall(sizeOf(info)) ? SMALL : null;
}

function sizeOf(info: InstanceTypeInfo) {
  return { vcpus: info.VCpuInfo?.DefaultVCpus ?? 0, memoryGiB: (info.MemoryInfo?.SizeInMiB ?? 0) / 1024 };
}

/** The disks of the machine's host. Some turn, which nobody means by an SSD; old ones that are no NVMe have to be asked for. */
function ssdGiB({ InstanceStorageInfo: storage }: InstanceTypeInfo): number {
  const disks = (storage?.NvmeSupport !== 'unsupported' && storage?.Disks) || [];
  const gigabytes = disks
    .filter(({ Type }) => Type === 'ssd')
    .reduce((sum, { SizeInGB = 0, Count = 0 }) => sum + SizeInGB * Count, 0);
  // EC2 counts 10^9 bytes.
  return Math.floor((gigabytes * 1e9) / 2 ** 30);
}
