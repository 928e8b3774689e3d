import type { EC2, IpPermission } from '@aws-sdk/client-ec2';
import type { ClusterIdentity } from '@daskup/core/provision/provider';
import type { Tag } from '@daskup/core/spec/tag';
import { gone } from '../errors.ts';
import { CLUSTER_ID, clusterTags, withUserTags } from '../tags.ts';
import { requireInterface } from './interface.ts';
import { filter, makeGroup } from './network.ts';
import { authorize, PORTS, revoke } from './rules.ts';

/** A security group of one cluster's own: who is let in to its scheduler, at Dask's port alone. */
interface ClientGroup {
  readonly id: string;
  /** CIDR blocks. */
  readonly ranges: readonly string[];
}

/**
 * Lets clients in from these ranges and from no others. The group is made for the first of them: no cluster whose clients
 * are where its server is has one.
 * What it lets in is looked at each time: another server may have changed it.
 */
export async function admitClients(
  ec2: EC2,
  cluster: ClusterIdentity,
  ranges: readonly string[],
  userTags: readonly Tag[],
): Promise<void> {
  const found = await findClientGroup(ec2, cluster.clusterId);
  if (!found && ranges.length === 0) return;
  const place = await requireInterface(ec2, cluster.clusterId);
  const { id, ranges: before } = found ?? { id: await make(ec2, cluster, place.vpcId, userTags), ranges: [] };
  await revoke(ec2, id, forClients(before.filter((range) => !ranges.includes(range))));
  await authorize(ec2, id, forClients(ranges.filter((range) => !before.includes(range))));
  if (!place.groups.includes(id))
    await ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: place.id, Groups: [...place.groups, id] });
}

/** Deletes the group, once its scheduler's interface is gone. */
export async function removeClientGroup(ec2: EC2, clusterId: string): Promise<void> {
  const found = await findClientGroup(ec2, clusterId);
  if (found) await gone(ec2.deleteSecurityGroup({ GroupId: found.id }));
}

async function findClientGroup(ec2: EC2, clusterId: string): Promise<ClientGroup | null> {
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({
    Filters: [filter(`tag:${CLUSTER_ID}`, clusterId)],
  });
  const [found] = SecurityGroups;
  if (!found) return null;
  const { GroupId: id = '', IpPermissions = [] } = found;
  return { id, ranges: IpPermissions.flatMap(({ IpRanges = [] }) => IpRanges.map(({ CidrIp = '' }) => CidrIp)) };
}

function make(ec2: EC2, cluster: ClusterIdentity, vpcId: string, userTags: readonly Tag[]): Promise<string> {
  return makeGroup(ec2, vpcId, {
    name: `daskup-${cluster.installation}-${cluster.clusterId}`,
    description: `Clients of ${cluster.clusterName}, a cluster of daskup`,
    tags: withUserTags(clusterTags(cluster), userTags),
  });
}

function forClients(ranges: readonly string[]): readonly IpPermission[] {
  if (ranges.length === 0) return [];
  const IpRanges = ranges.map((CidrIp) => ({ CidrIp, Description: 'daskup: clients' }));
  return [{ IpProtocol: 'tcp', FromPort: PORTS.port, ToPort: PORTS.port, IpRanges }];
}
