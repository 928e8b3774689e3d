import { createHash } from 'node:crypto';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { ClusterIdentity, SchedulerEndpoint } from '@daskup/core/provision/provider';
import type { Tag } from '@daskup/core/spec/tag';
import { codeOf, isMissing } from './errors.ts';
import { filter, type Network, type Subnet } from './network.ts';
import { PORTS } from './rules.ts';
import { CLUSTER_ID, clusterTags, tagged, withUserTags } from './tags.ts';

/** The network interface that a cluster's scheduler gets: its address is known before there is a machine. */
export interface Interface {
  readonly id: string;
  readonly address: string;
}

/** The interface as it is now. */
export interface Place extends Interface {
  readonly vpcId: string;
  readonly groups: readonly string[];
}

/**
 * Makes the interface; again gives the same one.
 * @param moves how often the cluster has moved: for a token that it has seen EC2 gives the interface of before, be it deleted.
 */
export async function makeInterface(
  ec2: EC2,
  cluster: ClusterIdentity,
  { groupId, ownGroupIds }: Network,
  subnet: Subnet,
  moves: number,
  userTags: readonly Tag[],
): Promise<Interface> {
  try {
    const { NetworkInterface: made = {} } = await ec2.createNetworkInterface({
      ClientToken: createHash('sha256').update(`${cluster.clusterId}/${subnet.id}/${moves}`).digest('hex'),
      SubnetId: subnet.id,
      Groups: [groupId, ...ownGroupIds],
      Description: `daskup: the scheduler of ${cluster.clusterName}`,
      TagSpecifications: tagged(withUserTags(clusterTags(cluster), userTags), 'network-interface'),
    });
    return { id: made.NetworkInterfaceId ?? '', address: made.PrivateIpAddress ?? '' };
  } catch (error) {
    // It was made when the group was another.
    const known = codeOf(error) === 'IdempotentParameterMismatch' ? await findInterface(ec2, cluster.clusterId) : null;
    if (!known) throw error;
    return known;
  }
}

/** The cluster's interface; null when there is none. */
export async function findInterface(ec2: EC2, clusterId: string): Promise<Place | null> {
  const [found] = await interfacesOf(ec2, clusterId);
  return found ?? null;
}

/** @throws {Error} when it is not to be seen, or not yet. */
export async function findPlace(ec2: EC2, clusterId: string): Promise<Place> {
  const found = await findInterface(ec2, clusterId);
  if (!found) throw new Error("the scheduler's network interface is not to be seen");
  return found;
}

/** A public address that stays with a cluster. */
export interface Elastic {
  readonly id: string;
  readonly address: string;
}

/**
 * An address for the cluster, which nothing is associated with.
 * @throws {ProviderError} when the account may have no more.
 */
export async function allocate(ec2: EC2, cluster: ClusterIdentity, userTags: readonly Tag[]): Promise<Elastic> {
  try {
    const { AllocationId: id = '', PublicIp: address = '' } = await ec2.allocateAddress({
      Domain: 'vpc',
      TagSpecifications: tagged(withUserTags(clusterTags(cluster), userTags), 'elastic-ip'),
    });
    return { id, address };
  } catch (error) {
    if (codeOf(error) !== 'AddressLimitExceeded') throw error;
    // The last one may have gone to this cluster, and nobody have heard of it.
    const { Addresses = [] } = await ec2.describeAddresses({
      Filters: [filter(`tag:${CLUSTER_ID}`, cluster.clusterId)],
    });
    const [own] = Addresses;
    if (!own) throw error;
    return { id: own.AllocationId ?? '', address: own.PublicIp ?? '' };
  }
}

/** Gives the interface this address, if it has none; returns the one that it has. */
export async function associate(ec2: EC2, { id }: Interface, elastic: Elastic): Promise<string> {
  try {
    await ec2.associateAddress({ AllocationId: elastic.id, NetworkInterfaceId: id, AllowReassociation: false });
    return elastic.address;
  } catch (error) {
    // This one too many costs as much as the other.
    await releaseUnused(ec2, elastic);
    if (codeOf(error) !== 'Resource.AlreadyAssociated') throw error;
    const { Addresses = [] } = await ec2.describeAddresses({ Filters: [filter('network-interface-id', id)] });
    const known = Addresses[0]?.PublicIp;
    if (known === undefined) throw error;
    return known;
  }
}

/** Gives an address back that nothing is associated with; one that is in use after all is left to `removePlace`. */
export async function releaseUnused(ec2: EC2, { id }: Elastic): Promise<void> {
  await gone(ec2.releaseAddress({ AllocationId: id })).catch((error: unknown) => {
    if (codeOf(error) !== 'InvalidIPAddress.InUse') throw error;
  });
}

export function endpointOf({ address }: Interface, publicAddress: string | null): SchedulerEndpoint {
  return { address, ...(publicAddress === null ? {} : { publicAddress }), ...PORTS };
}

/** Deletes all that a cluster has besides machines: its interface, its public address, its launch templates. */
export async function removePlace(ec2: EC2, clusterId: string): Promise<void> {
  const mine = [filter(`tag:${CLUSTER_ID}`, clusterId)];
  const [interfaces, { Addresses = [] }, { LaunchTemplates = [] }] = await Promise.all([
    interfacesOf(ec2, clusterId),
    ec2.describeAddresses({ Filters: mine }),
    ec2.describeLaunchTemplates({ Filters: mine, MaxResults: 200 }),
  ]);
  await Promise.all([
    ...interfaces.map(({ id }) => gone(ec2.deleteNetworkInterface({ NetworkInterfaceId: id }))),
    ...LaunchTemplates.map(({ LaunchTemplateId }) => gone(ec2.deleteLaunchTemplate({ LaunchTemplateId }))),
  ]);
  // With its interface, what held it in use is gone.
  await Promise.all(Addresses.map(({ AllocationId }) => gone(ec2.releaseAddress({ AllocationId }))));
}

async function interfacesOf(ec2: EC2, clusterId: string): Promise<readonly Place[]> {
  // Only those made for schedulers: workers' go with their machines.
  const filters = [filter(`tag:${CLUSTER_ID}`, clusterId), filter('description', 'daskup: the scheduler of *')];
  const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: filters });
  return NetworkInterfaces.map(({ NetworkInterfaceId = '', PrivateIpAddress = '', VpcId = '', Groups = [] }) => ({
    id: NetworkInterfaceId,
    address: PrivateIpAddress,
    vpcId: VpcId,
    groups: Groups.map(({ GroupId = '' }) => GroupId),
  }));
}

/** What is not there need not be deleted. */
export async function gone(deletion: Promise<unknown>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
