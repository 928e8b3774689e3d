import type { InstanceType } from './catalogue.ts';
import type { Image } from './images.ts';
import { ACCOUNT } from './images.ts';
import { Instance, type Market } from './instance.ts';
import type { LaunchData } from './launch-data.ts';
import type { Subnet } from './network.ts';
import { type TagSpecifications, tagsFor } from './parameters.ts';
import { quotaOf } from './quotas.ts';
import { Refusal } from './refusal.ts';
import { type Interface, newId, type Region } from './region.ts';
import {
  capacityRefusal,
  checkArchitecture,
  checkImage,
  checkType,
  checkUserData,
  microsNow,
  quotaRefusal,
  roomInQuota,
  unsupportedInZone,
} from './rules.ts';
import { disksOf, rootDisk } from './volumes.ts';

/** Everything about instances to be but how many: checked, so that only room can be lacking. */
export interface Mould {
  readonly data: LaunchData;
  readonly type: InstanceType;
  readonly image: Image;
  readonly market: Market;
  readonly subnet: Subnet;
  readonly groups: readonly string[];
  readonly userData: Buffer | null;
  readonly isPublic: boolean;
  /** Made before; null when each instance gets its own. */
  readonly interface: Interface | null;
  readonly wantedAddress: string | undefined;
  readonly disk: ReturnType<typeof rootDisk>;
}

/** Where and on which market, as a fleet's override says beside its template. */
export interface Where {
  readonly type?: string | undefined;
  readonly imageId?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly zone?: string | undefined;
  readonly market: Market;
}

/** @throws {Refusal} for all that EC2 would not launch however much room it has. */
export async function mouldOf(region: Region, data: LaunchData, where: Where): Promise<Mould> {
  const type = checkType(region, where.type ?? data.InstanceType);
  const image = checkImage(region, where.imageId ?? data.ImageId);
  checkArchitecture(type, image);
  const userData = checkUserData(data.UserData);
  if (!type.SupportedUsageClasses.includes(where.market))
    throw new Refusal(
      'UnsupportedOperation',
      `The instance type ${type.InstanceType} is not supported on ${where.market}`,
    );
  const [nic] = data.NetworkInterface;
  // Source: EC2 API reference, RunInstances, NetworkInterface: groups and subnet belong to it when one is described.
  if (nic && (data.SecurityGroupId.length > 0 || data.SecurityGroup.length > 0))
    throw new Refusal(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level security groups may not be specified on the same request',
    );
  const existing = nic?.NetworkInterfaceId === undefined ? null : interfaceNamed(region, nic.NetworkInterfaceId);
  if (existing && nic?.AssociatePublicIpAddress !== undefined)
    throw new Refusal(
      'InvalidParameterCombination',
      'The associatePublicIPAddress parameter cannot be specified when launching with an existing network interface.',
    );
  const subnet = existing?.subnet ?? (await subnetFor(region, data, where, type.InstanceType));
  if (existing && where.subnetId !== undefined && where.subnetId !== subnet.id)
    throw new Refusal(
      'InvalidParameterCombination',
      `Network interface ${existing.id} is not in subnet ${where.subnetId}`,
    );
  await checkZone(region, type.InstanceType, subnet.zone);
  const groups = existing?.groups ?? (await groupsFor(region, data, subnet));
  await checkAccess(region, data);
  return {
    data,
    type,
    image,
    market: where.market,
    subnet,
    groups,
    userData,
    // An interface made before has no public address unless an Elastic IP is associated with it.
    // Source: EC2 user guide, "Assign a public IPv4 address at launch": only to a new network interface.
    isPublic: existing ? false : (nic?.AssociatePublicIpAddress ?? subnet.isPublic),
    interface: existing,
    wantedAddress: nic?.PrivateIpAddress,
    disk: rootDisk(image, data),
  };
}

/** Source: EC2 API reference, "Error codes": InvalidKeyPair.NotFound; RunInstances, IamInstanceProfile. */
async function checkAccess({ network }: Region, { KeyName, IamInstanceProfile }: LaunchData): Promise<void> {
  if (KeyName !== undefined && !(await network.keyNames()).includes(KeyName))
    throw new Refusal('InvalidKeyPair.NotFound', `The key pair '${KeyName}' does not exist`);
  if (!IamInstanceProfile) return;
  const { Arn, Name } = IamInstanceProfile;
  if (!(await network.hasProfile(Arn ?? Name ?? '')))
    throw new Refusal(
      'InvalidParameterValue',
      `Value (${Arn ?? Name}) for parameter iamInstanceProfile.${Arn ? 'arn' : 'name'} is invalid. Invalid IAM Instance Profile ${Arn ? 'ARN' : 'name'}`,
    );
}

/** So many of one mould. */
export interface Lot {
  readonly mould: Mould;
  readonly count: number;
}

/**
 * How many of `wanted` there is room for, and why no more: quota first, then the pool, then the subnet's addresses.
 * @param planned what will be launched before.
 */
export function roomFor(
  region: Region,
  mould: Mould,
  wanted: number,
  planned: readonly Lot[] = [],
): { readonly count: number; readonly why: Refusal | null } {
  const { type, market, subnet } = mould;
  const sum = (lots: readonly Lot[], each: (lot: Lot) => number) => lots.reduce((total, lot) => total + each(lot), 0);
  const name = type.InstanceType;
  let count = wanted;
  let why: Refusal | null = null;
  const limit = (room: number, refusal: () => Refusal) => {
    if (room >= count) return;
    count = Math.max(0, room);
    why = refusal();
  };
  const vcpus = sum(
    planned.filter(({ mould: other }) => quotaOf(other.type.InstanceType, market) === quotaOf(name, market)),
    (lot) => lot.count * lot.mould.type.VCpuInfo.DefaultVCpus,
  );
  limit(roomInQuota(region, type, market, vcpus), () => quotaRefusal(region, name, market));
  const ofPool = planned.filter(({ mould: other }) => poolOf(other) === poolOf(mould));
  limit(leftInPool(region, mould) - sum(ofPool, ({ count }) => count), () => capacityRefusal(name, subnet.zone));
  if (!mould.interface)
    limit(
      region.free(subnet) -
        sum(
          planned.filter((lot) => lot.mould.subnet.id === subnet.id),
          (lot) => lot.count,
        ),
      () =>
        new Refusal(
          'InsufficientFreeAddressesInSubnet',
          `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
        ),
    );
  return { count, why };
}

export function poolOf({ market, type, subnet }: Mould): string {
  return `${market}/${type.InstanceType}/${subnet.zone}`;
}

function leftInPool(region: Region, mould: Mould): number {
  const { emptyPools, poolLimit, poolLimits } = region.world.faults;
  const pool = poolOf(mould);
  if (emptyPools.some((part) => pool.includes(part))) return 0;
  const limits = Object.entries(poolLimits).flatMap(([part, left]) => (pool.includes(part) ? [left] : []));
  return Math.min(poolLimit ?? Number.POSITIVE_INFINITY, ...limits);
}

/** What an instance is given by the call that makes it. */
export interface Given {
  readonly tagSpecifications: TagSpecifications;
  readonly ownTags?: ReadonlyMap<string, string>;
  readonly clientToken: string;
  readonly reservationId?: string;
  readonly fleetId?: string;
}

/** Launches so many. There must be room for them. */
export function launch(region: Region, mould: Mould, count: number, given: Given): readonly Instance[] {
  const { data, type, image, market, subnet, userData, isPublic } = mould;
  const { world } = region;
  const name = type.InstanceType;
  const pool = poolOf(mould);
  for (const part of Object.keys(world.faults.poolLimits))
    if (pool.includes(part)) world.faults.poolLimits[part] = (world.faults.poolLimits[part] ?? 0) - count;
  const tags = tagsFor('instance', given.tagSpecifications);
  const reservationId = given.reservationId ?? newId('r');
  const profile = data.IamInstanceProfile;
  const [nic] = data.NetworkInterface;
  const instances: Instance[] = [];
  const volumeTags = tagsFor('volume', given.tagSpecifications);
  for (let index = 0; index < count; index++) {
    const own =
      mould.interface ??
      region.makeInterface(subnet, mould.groups, tagsFor('network-interface', given.tagSpecifications), {
        wanted: mould.wantedAddress,
      });
    const instance = new Instance(
      {
        id: newId('i'),
        reservationId,
        index,
        type: name,
        architecture: image.architecture,
        hypervisor: type.Hypervisor ?? 'nitro',
        vcpus: type.VCpuInfo.DefaultVCpus,
        market,
        region: region.name,
        zone: subnet.zone,
        subnetId: subnet.id,
        vpcId: subnet.vpcId,
        imageId: image.id,
        address: own.address,
        isPublic,
        groups: own.groups,
        interfaceId: own.id,
        userData,
        keyName: data.KeyName,
        profileArn: profile && (profile.Arn ?? `arn:aws:iam::${ACCOUNT}:instance-profile/${profile.Name}`),
        disks: disksOf(type),
        volume: { ...mould.disk, id: newId('vol'), tags: volumeTags },
        clientToken: given.clientToken,
        shutdownBehavior: data.InstanceInitiatedShutdownBehavior ?? 'stop',
        metadata: {
          tokens: data.MetadataOptions?.HttpTokens ?? 'optional',
          enabled: data.MetadataOptions?.HttpEndpoint !== 'disabled',
          tags: data.MetadataOptions?.InstanceMetadataTags === 'enabled',
        },
        fleetId: given.fleetId ?? null,
        microsPerHour: microsNow(region, name, subnet.zone, market),
      },
      new Map([...(given.ownTags ?? []), ...tags]),
      world.clock,
    );
    own.instanceId = instance.id;
    own.deleteOnTermination = nic?.DeleteOnTermination ?? mould.interface === null;
    region.instances.set(instance.id, instance);
    instances.push(instance);
  }
  for (const instance of instances) world.launched(region, instance);
  return instances;
}

/** @throws {Refusal} when the zone does not have the type. */
export async function checkZone(region: Region, type: string, zone: string): Promise<void> {
  const offerings = await region.world.catalogue.offerings(region.name);
  if (offerings.get(zone)?.has(type)) return;
  const others = [...offerings].flatMap(([other, types]) => (types.has(type) ? [other] : []));
  throw new Refusal('Unsupported', unsupportedInZone(type, zone, others));
}

/** @throws {Refusal} when there is no such interface, or it is somebody's. */
function interfaceNamed(region: Region, id: string): Interface {
  const found = region.interfaces.get(id);
  if (!found) throw new Refusal('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
  if (found.instanceId !== null) throw new Refusal('InvalidNetworkInterface.InUse', `Interface: [${id}] in use.`);
  return found;
}

async function subnetFor(region: Region, data: LaunchData, where: Where, type: string): Promise<Subnet> {
  const subnets = await region.network.subnets();
  const id = where.subnetId ?? data.NetworkInterface[0]?.SubnetId;
  if (id !== undefined) return subnetNamed(subnets, id);
  const zone = where.zone ?? data.Placement?.AvailabilityZone;
  const offerings = await region.world.catalogue.offerings(region.name);
  if (zone !== undefined && !offerings.has(zone))
    throw new Refusal('InvalidParameterValue', `Invalid availability zone: [${zone}]`);
  const subnet = subnets.find(
    (one) => one.isDefault && (zone === undefined ? offerings.get(one.zone)?.has(type) : one.zone === zone),
  );
  if (!subnet) {
    const anywhere = [...offerings.values()].some((types) => types.has(type));
    if (!anywhere)
      throw new Refusal(
        'Unsupported',
        `The requested configuration is currently not supported: ${type} in ${region.name}`,
      );
    throw new Refusal('MissingInput', `No subnets found for the default VPC. Please specify a subnet.`);
  }
  return subnet;
}

/** @throws {Refusal} when there is no such subnet. */
export function subnetNamed(subnets: readonly Subnet[], id: string): Subnet {
  const subnet = subnets.find((one) => one.id === id);
  if (!subnet) throw new Refusal('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`);
  return subnet;
}

async function groupsFor(region: Region, data: LaunchData, subnet: Subnet): Promise<readonly string[]> {
  const [nic] = data.NetworkInterface;
  const ids = nic ? nic.SecurityGroupId : data.SecurityGroupId;
  const named = data.SecurityGroup.map(async (name) => {
    const group = (await region.network.groups()).find((one) => one.name === name && one.vpcId === subnet.vpcId);
    if (!group) throw new Refusal('InvalidGroup.NotFound', `The security group '${name}' does not exist`);
    return group.id;
  });
  return groupsIn(region, [...ids, ...(await Promise.all(named))], subnet);
}

/**
 * These groups, or the network's default one.
 * @throws {Refusal} for a group that there is not, or that is another network's.
 */
export async function groupsIn(region: Region, ids: readonly string[], subnet: Subnet): Promise<readonly string[]> {
  const groups = await region.network.groups();
  if (ids.length === 0)
    return groups.filter((one) => one.name === 'default' && one.vpcId === subnet.vpcId).map(({ id }) => id);
  // Source: Amazon VPC user guide, "Amazon VPC quotas": security groups a network interface, 5.
  if (ids.length > 5)
    throw new Refusal(
      'SecurityGroupsPerInterfaceLimitExceeded',
      `The maximum number of security groups per interface has been reached.`,
    );
  for (const id of ids) {
    const group = groups.find((one) => one.id === id);
    if (!group) throw new Refusal('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
    if (group.vpcId !== subnet.vpcId)
      throw new Refusal(
        'InvalidParameter',
        `Security group ${id} and subnet ${subnet.id} belong to different networks.`,
      );
  }
  return ids;
}
