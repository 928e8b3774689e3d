import { createHash } from 'node:crypto';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { ClusterIdentity } from '@daskup/core/provision/provider';
import type { Tag } from '@daskup/core/spec/tag';
import { codeOf } from '../errors.ts';
import { CLUSTER_ID, clusterTags, tagged, withUserTags } from '../tags.ts';
import { filter, type Network, type Subnet } from './network.ts';

/** The network interface that a cluster's scheduler gets: its address is known before there is a machine. */
export interface Interface {
  readonly id: string;
  readonly address: string;
}

/** The interface as it is now. */
export interface FoundInterface extends Interface {
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
export async function findInterface(ec2: EC2, clusterId: string): Promise<FoundInterface | null> {
  const [found] = await interfacesOf(ec2, clusterId);
  return found ?? null;
}

/** @throws {Error} when it is not to be seen, or not yet. */
export async function requireInterface(ec2: EC2, clusterId: string): Promise<FoundInterface> {
  const found = await findInterface(ec2, clusterId);
  if (!found) throw new Error("the scheduler's network interface is not to be seen");
  return found;
}

/** All interfaces that were made for the cluster's scheduler. */
export async function interfacesOf(ec2: EC2, clusterId: string): Promise<readonly FoundInterface[]> {
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
