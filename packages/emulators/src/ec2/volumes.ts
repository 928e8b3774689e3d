import * as z from 'zod/mini';
import type { InstanceType } from './catalogue.ts';
import type { Image } from './images.ts';
import type { Instance } from './instance.ts';
import type { LaunchData } from './launch-data.ts';
import { Filters, matches, Paged, page, read, Texts, tagSet, tagValues } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Answer } from './xml.ts';

/** Source: EC2 API reference, EbsBlockDevice, VolumeSize: of gp2 and gp3. */
const LARGEST_GIB = 16_384;

/** An instance's root disk. */
export interface Volume {
  readonly id: string;
  readonly device: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly isEncrypted: boolean;
  readonly deleteOnTermination: boolean;
  readonly tags: ReadonlyMap<string, string>;
}

/**
 * The root disk that a launch asks for, but for what each instance has of its own.
 * @throws {Refusal} for a size that EC2 does not make.
 */
export function rootDisk(image: Image, { BlockDeviceMapping }: LaunchData): Omit<Volume, 'id' | 'tags'> {
  const asked = BlockDeviceMapping.find(({ DeviceName }) => DeviceName === image.rootDevice)?.Ebs;
  // Another device would be another disk, and the root one as small as the image.
  const other = BlockDeviceMapping.find(({ DeviceName }) => DeviceName !== image.rootDevice);
  if (other) throw new Refusal('UnsupportedOperation', `This emulator makes root disks only, not ${other.DeviceName}`);
  const least = image.snapshot.sizeGiB;
  const sizeGiB = asked?.VolumeSize ?? least;
  if (!Number.isInteger(sizeGiB) || sizeGiB > LARGEST_GIB)
    throw new Refusal('InvalidParameterValue', `Volume of ${sizeGiB}GiB is invalid; at most ${LARGEST_GIB}GiB`);
  // Source: the same: equal to or greater than the size of the snapshot.
  if (sizeGiB < least)
    throw new Refusal(
      'InvalidBlockDeviceMapping',
      `Volume of size ${sizeGiB}GB is smaller than snapshot of ${image.id}, expect size >= ${least}GB`,
    );
  return {
    device: image.rootDevice,
    sizeGiB,
    type: asked?.VolumeType ?? 'gp3',
    isEncrypted: asked?.Encrypted ?? image.snapshot.isEncrypted,
    deleteOnTermination: asked?.DeleteOnTermination ?? true,
  };
}

/**
 * How many NVMe disks of its host an instance of this type has. Source: EC2 user guide, "Instance store volumes": they are
 * there without being asked for; those of older types only where a block device mapping says so.
 */
export function disksOf({ InstanceStorageInfo: storage }: InstanceType): number {
  if (!storage || storage.NvmeSupport === 'unsupported') return 0;
  return storage.Disks.reduce((sum, { Count }) => sum + Count, 0);
}

/** The disks that there are: with its instance most of them go. */
export function describeVolumes(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { VolumeId: Texts, Filter: Filters }), parameters);
  const there = [...region.instances.values()].filter(
    ({ state, birth }) => state !== 'terminated' || !birth.volume.deleteOnTermination,
  );
  const missing = asked.VolumeId.find((id) => !there.some(({ birth }) => birth.volume.id === id));
  if (missing) throw new Refusal('InvalidVolume.NotFound', `The volume '${missing}' does not exist.`);
  const wanted = there.filter(
    (instance) =>
      (asked.VolumeId.length === 0 || asked.VolumeId.includes(instance.birth.volume.id)) &&
      matches(asked.Filter, (name) => valuesOf(instance, name)),
  );
  const { items, nextToken } = page(wanted, asked, 1_000);
  return { volumeSet: items.map(shown), nextToken };
}

function valuesOf({ id, birth: { volume } }: Instance, name: string): readonly string[] | undefined {
  switch (name) {
    case 'volume-id':
      return [volume.id];
    case 'attachment.instance-id':
      return [id];
    default:
      return tagValues(volume.tags, name);
  }
}

function shown(instance: Instance): Answer {
  const { volume, zone } = instance.birth;
  const isAttached = instance.state !== 'terminated';
  const at = new Date(instance.launchedAt);
  return {
    volumeId: volume.id,
    size: volume.sizeGiB,
    volumeType: volume.type,
    encrypted: volume.isEncrypted,
    availabilityZone: zone,
    status: isAttached ? 'in-use' : 'available',
    createTime: at,
    attachmentSet: isAttached
      ? [
          {
            volumeId: volume.id,
            instanceId: instance.id,
            device: volume.device,
            status: 'attached',
            attachTime: at,
            deleteOnTermination: volume.deleteOnTermination,
          },
        ]
      : [],
    tagSet: tagSet(volume.tags),
  };
}
