import type { EC2 } from '@aws-sdk/client-ec2';
import type { ClusterIdentity } from '@daskup/core/provision/provider';
import type { Tag } from '@daskup/core/spec/tag';
import { codeOf, gone } from '../errors.ts';
import { CLUSTER_ID, clusterTags, tagged, withUserTags } from '../tags.ts';
import type { Interface } from './interface.ts';
import { filter } from './network.ts';

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

/** Gives an address back that nothing is associated with; one that is in use after all is left to those who remove its place. */
export async function releaseUnused(ec2: EC2, { id }: Elastic): Promise<void> {
  await gone(ec2.releaseAddress({ AllocationId: id })).catch((error: unknown) => {
    if (codeOf(error) !== 'InvalidIPAddress.InUse') throw error;
  });
}
