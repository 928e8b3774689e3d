import * as z from 'zod/mini';
import { instancesNamed } from './describe-instances.ts';
import { ACCOUNT, type Image } from './images.ts';
import {
  Filters,
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

/** CreateImage: a name and an architecture; what is on the instance's disk is this computer's. */
export function createImage(region: Region, parameters: Parameters): Answer {
  const asked = read(
    z.object({ InstanceId: z.string(), Name: z.string(), TagSpecification: TagSpecifications }),
    parameters,
  );
  const [instance] = instancesNamed(region, [asked.InstanceId], region.now);
  if (!instance)
    throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${asked.InstanceId}' does not exist`);
  const twin = [...region.images.values()].find(({ name, owner }) => name === asked.Name && owner === ACCOUNT);
  if (twin) throw new Refusal('InvalidAMIName.Duplicate', `AMI name ${asked.Name} is already in use by AMI ${twin.id}`);
  const source = region.images.get(instance.birth.imageId);
  const image: Image = {
    id: newId('ami'),
    name: asked.Name,
    owner: ACCOUNT,
    ownerAlias: undefined,
    architecture: source?.architecture ?? 'x86_64',
    rootDevice: source?.rootDevice ?? '/dev/xvda',
    diskGiB: instance.birth.volume.sizeGiB,
    madeAt: region.now,
    availableAt: region.now + IMAGING_MS,
    isPublic: false,
    tags: new Map(tagsFor('image', asked.TagSpecification)),
  };
  region.images.set(image.id, image);
  return { imageId: image.id };
}

export function deregisterImage(region: Region, parameters: Parameters): Answer {
  const { ImageId: id } = read(z.object({ ImageId: z.string() }), parameters);
  const image = region.images.get(id);
  if (!image) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  if (image.owner !== ACCOUNT) throw new Refusal('AuthFailure', 'You are not authorized to deregister this image');
  region.images.delete(id);
  return { return: true };
}

function isOwner(image: Image, owner: string): boolean {
  return owner === image.owner || owner === image.ownerAlias || (owner === 'self' && image.owner === ACCOUNT);
}

function stateOf(region: Region, { availableAt }: Image): string {
  return availableAt <= region.now ? 'available' : 'pending';
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
      {
        deviceName: image.rootDevice,
        ebs: {
          snapshotId: `snap-${image.id.slice(4)}`,
          volumeSize: image.diskGiB,
          deleteOnTermination: true,
          volumeType: 'gp3',
          encrypted: false,
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
