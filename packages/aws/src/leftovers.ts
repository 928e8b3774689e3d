import type { EC2, Tag } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
import { ProviderError } from '@daskup/core/provision/provider';
import type { Leftover } from '@daskup/core/provision/sweeper';
import { codeOf, isMissing, meaningOf } from './errors.ts';
import { bakedIn } from './images/baked-images.ts';
import { terminateMachines } from './machines/terminate.ts';
import { filter } from './network/network.ts';
import { collected } from './pages.ts';
import { INSTALLATION } from './tags.ts';

const PAGE = 1000;
const OURS = [filter('tag-key', INSTALLATION)];

/** One kind of thing that daskup makes in a region: how those with its tag are found, and how they are deleted. */
export interface Kind {
  /** What its ids begin with. */
  readonly prefix: string;
  find(ec2: EC2, abortSignal: AbortSignal): Promise<readonly Omit<Leftover, 'region'>[]>;
  remove(ec2: EC2, ids: readonly string[]): Promise<void>;
}

/** All that can be left; machines first, which others are in use by. */
export const KINDS: readonly Kind[] = [
  {
    prefix: 'i-',
    async find(ec2, abortSignal) {
      const states = filter('instance-state-name', 'pending', 'running', 'shutting-down', 'stopping', 'stopped');
      const found = await collected(
        (NextToken) =>
          ec2.describeInstances({ Filters: [...OURS, states], MaxResults: PAGE, NextToken }, { abortSignal }),
        ({ Reservations }) => Reservations?.flatMap(({ Instances = [] }) => Instances),
      );
      return found.map(({ InstanceId, Tags, InstanceType, LaunchTime }) => ({
        ...described(tagOf(Tags, 'role') || 'machine', InstanceId, Tags, InstanceType),
        since: LaunchTime?.getTime() ?? null,
        isMachine: true,
      }));
    },
    remove: terminateMachines,
  },
  {
    prefix: 'eni-',
    async find(ec2, abortSignal) {
      const found = await collected(
        (NextToken) => ec2.describeNetworkInterfaces({ Filters: OURS, MaxResults: PAGE, NextToken }, { abortSignal }),
        ({ NetworkInterfaces }) => NetworkInterfaces,
      );
      // The others go with their machines.
      return found
        .filter(({ Attachment }) => Attachment?.DeleteOnTermination !== true)
        .map(({ NetworkInterfaceId, TagSet, PrivateIpAddress }) =>
          described('network interface', NetworkInterfaceId, TagSet, PrivateIpAddress),
        );
    },
    remove: oneByOne((ec2, NetworkInterfaceId) => ec2.deleteNetworkInterface({ NetworkInterfaceId })),
  },
  {
    prefix: 'eipalloc-',
    async find(ec2, abortSignal) {
      const { Addresses = [] } = await ec2.describeAddresses({ Filters: OURS }, { abortSignal });
      return Addresses.map(({ AllocationId, Tags, PublicIp }) => described('Elastic IP', AllocationId, Tags, PublicIp));
    },
    remove: oneByOne((ec2, AllocationId) => ec2.releaseAddress({ AllocationId })),
  },
  {
    prefix: 'lt-',
    async find(ec2, abortSignal) {
      const found = await collected(
        (NextToken) => ec2.describeLaunchTemplates({ Filters: OURS, MaxResults: 200, NextToken }, { abortSignal }),
        ({ LaunchTemplates }) => LaunchTemplates,
      );
      return found.map(({ LaunchTemplateId, Tags }) => described('launch template', LaunchTemplateId, Tags));
    },
    remove: oneByOne((ec2, LaunchTemplateId) => ec2.deleteLaunchTemplate({ LaunchTemplateId })),
  },
  {
    prefix: 'sg-',
    async find(ec2, abortSignal) {
      const found = await collected(
        (NextToken) => ec2.describeSecurityGroups({ Filters: OURS, MaxResults: PAGE, NextToken }, { abortSignal }),
        ({ SecurityGroups }) => SecurityGroups,
      );
      return found.map(({ GroupId, Tags, GroupName }) => described('security group', GroupId, Tags, GroupName));
    },
    remove: oneByOne((ec2, GroupId) => ec2.deleteSecurityGroup({ GroupId })),
  },
  {
    // Of images that are gone; those of images that are there are kept with them.
    prefix: 'snap-',
    async find(ec2, abortSignal) {
      const [images, found] = await Promise.all([
        bakedIn(ec2, abortSignal),
        collected(
          (NextToken) =>
            ec2.describeSnapshots({ OwnerIds: ['self'], Filters: OURS, MaxResults: PAGE, NextToken }, { abortSignal }),
          ({ Snapshots }) => Snapshots,
        ),
      ]);
      // Of one in the making it is not known which is its.
      if (images.some(({ state }) => state === 'pending')) return [];
      const kept = new Set(images.flatMap(({ snapshotIds }) => snapshotIds));
      return found
        .filter(({ SnapshotId }) => !kept.has(SnapshotId ?? ''))
        .map(({ SnapshotId, Tags, VolumeSize }) => described('snapshot', SnapshotId, Tags, `${VolumeSize} GiB`));
    },
    remove: oneByOne((ec2, SnapshotId) => ec2.deleteSnapshot({ SnapshotId })),
  },
];

function described(kind: string, id = '', tags: readonly Tag[] = [], detail = ''): Omit<Leftover, 'region'> {
  const [cluster, owner] = [tagOf(tags, 'cluster'), tagOf(tags, 'owner')];
  return { kind, id, cluster, owner, detail, since: null, isMachine: false };
}

function tagOf(tags: readonly Tag[] | undefined, name: string): string {
  return tags?.find(({ Key }) => Key === `daskup:${name}`)?.Value ?? '';
}

/** EC2 deletes these by a call each; all are asked for at once. What has gone, or is still in use, is no failure. */
function oneByOne(remove: (ec2: EC2, id: string) => Promise<unknown>): Kind['remove'] {
  return async (ec2, ids) => {
    const done = await Promise.allSettled(ids.map((id) => remove(ec2, id)));
    for (const result of done) if (result.status === 'rejected' && !mayPass(result.reason)) throw result.reason;
  };
}

function mayPass(error: unknown): boolean {
  if (error instanceof ProviderError) return false;
  const kind = meaningOf({ code: codeOf(error), message: messageOf(error) })?.kind;
  return isMissing(error) || kind === 'passing' || kind === 'throttled';
}
