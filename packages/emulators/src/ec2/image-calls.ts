import * as z from 'zod/mini';
import { instancesNamed } from './describe-instances.ts';
import { ACCOUNT, type Image, type Snapshot } from './images.ts';
import {
  Filters,
  Flag,
  matches,
  Paged,
  page,
  read,
  TagSpecifications,
  Texts,
  tagSet,
  tagsFor,
  tagValues,
} from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import { newId, type Region } from './region.ts';
import { checkImageId } from './rules.ts';
import type { Answer } from './xml.ts';

/** An image takes minutes on EC2; here so long, milliseconds. */
const IMAGING_MS = 1_000;

export function describeImages(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { ImageId: Texts, Owner: Texts, Filter: Filters }), parameters);
  for (const id of asked.ImageId) checkImageId(id);
  for (const id of asked.ImageId)
    if (!region.images.has(id)) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  const wanted = [...region.images.values()].filter(
    (image) =>
      (asked.ImageId.length === 0 || asked.ImageId.includes(image.id)) &&
      (asked.Owner.length === 0 || asked.Owner.some((owner) => isOwner(image, owner))) &&
      matches(asked.Filter, (name) => valuesOf(region, image, name)),
  );
  const { items, nextToken } = page(wanted, asked, 1_000);
  return { imagesSet: items.map((image) => shown(region, image)), nextToken };
}

/** CreateImage: what is on the disk of an instance. One that runs EC2 would restart, which is left out here. */
export async function createImage(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(
    z.object({ InstanceId: z.string(), Name: z.string(), TagSpecification: TagSpecifications }),
    parameters,
  );
  const { Name: name } = asked;
  const [instance] = instancesNamed(region, [asked.InstanceId], region.now);
  if (!instance)
    throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${asked.InstanceId}' does not exist`);
  // Source: EC2 API reference, CreateImage, Name: 3 to 128 of these characters.
  if (!/^[\w()[\] ./'@-]{3,128}$/.test(name))
    throw new Refusal(
      'InvalidAMIName.Malformed',
      'AMI names must be between 3 and 128 characters long, and may contain letters, numbers, and some signs',
    );
  const twin = [...region.images.values()].find((other) => other.name === name && other.owner === ACCOUNT);
  if (twin) throw new Refusal('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${twin.id}`);
  // Source: EC2 API reference, "Error codes", IncorrectInstanceState; CreateImage: of one that is running or stopped.
  if (instance.state !== 'stopped' && instance.state !== 'running')
    throw new Refusal(
      'IncorrectInstanceState',
      `The instance '${instance.id}' is not in a state from which it can be imaged`,
    );
  const source = region.images.get(instance.birth.imageId);
  const { volume, architecture } = instance.birth;
  const snapshot: Snapshot = {
    id: newId('snap'),
    sizeGiB: volume.sizeGiB,
    isEncrypted: volume.isEncrypted,
    madeAt: region.now,
    tags: new Map(tagsFor('snapshot', asked.TagSpecification)),
  };
  const image: Image = {
    id: newId('ami'),
    name,
    owner: ACCOUNT,
    ownerAlias: undefined,
    architecture: source?.architecture ?? (architecture === 'arm64' ? 'arm64' : 'x86_64'),
    rootDevice: volume.device,
    madeAt: region.now,
    availableAt: region.now + IMAGING_MS,
    fails: region.world.faults.failImages,
    isPublic: false,
    tags: new Map(tagsFor('image', asked.TagSpecification)),
    snapshot,
  };
  // Its name is taken from now on.
  region.images.set(image.id, image);
  region.snapshots.set(snapshot.id, snapshot);
  await region.world.imaged(instance, image.id);
  return { imageId: image.id };
}

/** DeregisterImage: instances of it live on; its snapshot stays unless it is asked for too. */
export function deregisterImage(region: Region, parameters: Parameters): Answer {
  const { ImageId: id, DeleteAssociatedSnapshots: all } = read(
    z.object({ ImageId: z.string(), DeleteAssociatedSnapshots: z._default(Flag, false) }),
    parameters,
  );
  const image = region.images.get(id);
  // Source: EC2 API reference, "Error codes", InvalidAMIID.Unavailable: it has been deregistered.
  if (region.deregistered.has(id))
    throw new Refusal('InvalidAMIID.Unavailable', `The image id '[${id}]' is no longer available`);
  if (!image) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  if (image.owner !== ACCOUNT) throw new Refusal('AuthFailure', 'You are not authorized to deregister this image');
  region.images.delete(id);
  region.deregistered.add(id);
  if (all) region.snapshots.delete(image.snapshot.id);
  return { return: true };
}

export function describeSnapshots(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { SnapshotId: Texts, Owner: Texts, Filter: Filters }), parameters);
  for (const id of asked.SnapshotId) snapshotNamed(region, id);
  const wanted = [...region.snapshots.values()].filter(
    ({ id, tags }) =>
      (asked.SnapshotId.length === 0 || asked.SnapshotId.includes(id)) &&
      (asked.Owner.length === 0 || asked.Owner.some((owner) => owner === 'self' || owner === ACCOUNT)) &&
      matches(asked.Filter, (name) => (name === 'snapshot-id' ? [id] : tagValues(tags, name))),
  );
  const { items, nextToken } = page(wanted, asked, 1_000);
  return {
    snapshotSet: items.map(({ id, sizeGiB, isEncrypted, madeAt, tags }) => ({
      snapshotId: id,
      status: 'completed',
      progress: '100%',
      startTime: new Date(madeAt),
      ownerId: ACCOUNT,
      volumeSize: sizeGiB,
      encrypted: isEncrypted,
      tagSet: tagSet(tags),
    })),
    nextToken,
  };
}

export function deleteSnapshot(region: Region, parameters: Parameters): Answer {
  const { SnapshotId: id } = read(z.object({ SnapshotId: z.string() }), parameters);
  snapshotNamed(region, id);
  // Source: EC2 API reference, DeleteSnapshot: not that of a root device of a registered AMI.
  const user = [...region.images.values()].find(({ snapshot }) => snapshot.id === id);
  if (user) throw new Refusal('InvalidSnapshot.InUse', `The snapshot ${id} is currently in use by ${user.id}`);
  region.snapshots.delete(id);
  return { return: true };
}

function snapshotNamed(region: Region, id: string): Snapshot {
  const found = region.snapshots.get(id);
  if (!found) throw new Refusal('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  return found;
}

function isOwner(image: Image, owner: string): boolean {
  return owner === image.owner || owner === image.ownerAlias || (owner === 'self' && image.owner === ACCOUNT);
}

function stateOf(region: Region, { availableAt, fails }: Image): string {
  if (availableAt > region.now) return 'pending';
  return fails ? 'failed' : 'available';
}

function valuesOf(region: Region, image: Image, name: string): readonly string[] | undefined {
  switch (name) {
    case 'name':
      return [image.name];
    case 'image-id':
      return [image.id];
    case 'architecture':
      return [image.architecture];
    case 'state':
      return [stateOf(region, image)];
    case 'owner-id':
      return [image.owner];
    case 'owner-alias':
      return image.ownerAlias === undefined ? [] : [image.ownerAlias];
    case 'is-public':
      return [String(image.isPublic)];
    case 'virtualization-type':
      return ['hvm'];
    case 'root-device-type':
      return ['ebs'];
    case 'image-type':
      return ['machine'];
    default:
      return tagValues(image.tags, name);
  }
}

function shown(region: Region, image: Image): Answer {
  return {
    imageId: image.id,
    imageLocation: `${image.owner}/${image.name}`,
    imageState: stateOf(region, image),
    imageOwnerId: image.owner,
    imageOwnerAlias: image.ownerAlias,
    isPublic: image.isPublic,
    architecture: image.architecture,
    imageType: 'machine',
    name: image.name,
    rootDeviceType: 'ebs',
    rootDeviceName: image.rootDevice,
    blockDeviceMapping: [
      // As Ubuntu's images have, for the disks of older hosts. In which order they come EC2 does not say.
      ...(image.rootDevice === '/dev/sda1' ? [{ deviceName: '/dev/sdb', virtualName: 'ephemeral0' }] : []),
      {
        deviceName: image.rootDevice,
        ebs: {
          // Of a pending image it may not be known yet.
          snapshotId: stateOf(region, image) === 'pending' ? undefined : image.snapshot.id,
          volumeSize: image.snapshot.sizeGiB,
          deleteOnTermination: true,
          volumeType: 'gp3',
          encrypted: image.snapshot.isEncrypted,
        },
      },
    ],
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    enaSupport: true,
    imdsSupport: 'v2.0',
    creationDate: new Date(image.madeAt),
    tagSet: tagSet(image.tags),
  };
}
