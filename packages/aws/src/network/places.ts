import type { EC2 } from '@aws-sdk/client-ec2';
import type { ClusterIdentity, SchedulerEndpoint } from '@daskup/core/provision/provider';
import type { Tag } from '@daskup/core/spec/tag';
import { gone } from '../errors.ts';
import { CLUSTER_ID } from '../tags.ts';
import { allocate, associate, releaseUnused } from './addresses.ts';
import { findInterface, type Interface, interfacesOf, makeInterface } from './interface.ts';
import { filter, type Network, type Subnet } from './network.ts';
import { PORTS } from './rules.ts';

/** What clusters have besides machines: an interface each for the scheduler, and where it is public an address of its own. */
export class Places {
  readonly #isPublic: boolean;
  /** By cluster: what was made in this process need not be looked for. */
  readonly #interfaces = new Map<string, Interface>();

  constructor(isPublic: boolean) {
    this.#isPublic = isPublic;
  }

  /** Makes a cluster's place; again gives the same one. */
  async make(
    ec2: EC2,
    cluster: ClusterIdentity,
    network: Network,
    subnet: Subnet,
    moves: number,
    userTags: readonly Tag[],
  ): Promise<SchedulerEndpoint> {
    const [made, elastic] = await Promise.allSettled([
      makeInterface(ec2, cluster, network, subnet, moves, userTags),
      this.#isPublic ? allocate(ec2, cluster, userTags) : null,
    ]);
    if (made.status === 'rejected') {
      // To be tried again, and then with an address anew: an account has five.
      if (elastic.status === 'fulfilled' && elastic.value) await releaseUnused(ec2, elastic.value);
      throw made.reason;
    }
    this.#interfaces.set(cluster.clusterId, made.value);
    if (elastic.status === 'rejected') throw elastic.reason;
    const { address } = made.value;
    const publicAddress = elastic.value && (await associate(ec2, made.value, elastic.value));
    return { address, ...(publicAddress === null ? {} : { publicAddress }), ...PORTS };
  }

  /** The interface that a cluster's scheduler gets; null when there is none. */
  async interfaceOf(ec2: EC2, clusterId: string): Promise<Interface | null> {
    return this.#interfaces.get(clusterId) ?? findInterface(ec2, clusterId);
  }

  /** Deletes all that a cluster has besides machines: its interface, its public address, its launch templates. */
  async remove(ec2: EC2, clusterId: string): Promise<void> {
    this.#interfaces.delete(clusterId);
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

  /** Some of what was made may have gone: it is looked for anew. */
  doubt(): void {
    this.#interfaces.clear();
  }
}
