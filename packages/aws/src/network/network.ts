import type { EC2, Filter, Subnet as SubnetOfEc2, Tag } from '@aws-sdk/client-ec2';
import { ProviderError } from '@daskup/core/provision/provider';
import { codeOf } from '../errors.ts';
import { hasOwnNetwork, type Own } from '../own.ts';
import { INSTALLATION, tagged } from '../tags.ts';
import { authorize, revoke, type Server, serverRules } from './rules.ts';

export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly cidr: string;
}

/** A region's VPC: the default one, or one of the account's own. */
export interface Vpc {
  readonly id: string;
  /** One a zone, at least one. */
  readonly subnets: readonly Subnet[];
  /** The account's own security groups that all machines are in too. */
  readonly ownGroupIds: readonly string[];
}

/** Where the machines of an installation are in a region: its VPC, and one security group for all of them. */
export interface Network extends Pick<Vpc, 'subnets' | 'ownGroupIds'> {
  readonly groupId: string;
}

/**
 * Of several subnets of a zone the one that suits machines with or without public addresses, then the one with the most
 * room: a fleet takes one for each zone. Source: EC2 user guide, "EC2 Fleet"; Karpenter chooses alike.
 * @throws {ProviderError} when there is none, or when what the account names is not here, or of several VPCs.
 */
export async function findVpc(ec2: EC2, region: string, own: Own, isPublic: boolean): Promise<Vpc> {
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [filter('state', 'available'), ...whichSubnets(own)] });
  const usable = Subnets.filter(({ CidrBlock }) => CidrBlock !== undefined);
  const [id, ...others] = new Set(usable.map(({ VpcId = '' }) => VpcId));
  if (id === undefined) throw new ProviderError(`AWS, ${region}: ${noSubnet(region, own)}`);
  if (others.length > 0) {
    const which = `${[id, ...others].join(', ')}: machines of a cluster can be in one alone`;
    throw new ProviderError(`AWS, ${region}: DASKUP_AWS_VPC and DASKUP_AWS_SUBNETS name several VPCs (${which})`);
  }
  const suits = ({ MapPublicIpOnLaunch = false }: SubnetOfEc2) => Number(MapPublicIpOnLaunch === isPublic);
  const room = ({ AvailableIpAddressCount = 0 }: SubnetOfEc2) => AvailableIpAddressCount;
  const byZone = Map.groupBy(usable, ({ AvailabilityZone = '' }) => AvailabilityZone);
  const subnets = [...byZone].flatMap(([zone, there]) => {
    const [best] = there.toSorted((a, b) => suits(b) - suits(a) || room(b) - room(a));
    return best ? [{ id: best.SubnetId ?? '', zone, cidr: best.CidrBlock ?? '' }] : [];
  });
  const ownGroupIds = await findOwnGroups(ec2, region, id, own);
  return { id, subnets: subnets.toSorted((a, b) => a.zone.localeCompare(b.zone)), ownGroupIds };
}

function whichSubnets(own: Own): readonly Filter[] {
  if (!hasOwnNetwork(own)) return [filter('default-for-az', 'true')];
  const { vpcs, subnets } = own;
  return [
    ...(vpcs.length > 0 ? [filter('vpc-id', ...vpcs)] : []),
    ...(subnets.length > 0 ? [filter('subnet-id', ...subnets)] : []),
  ];
}

function noSubnet(region: string, own: Own): string {
  if (hasOwnNetwork(own))
    return 'none of the VPCs and subnets that DASKUP_AWS_VPC and DASKUP_AWS_SUBNETS name is here. Name one of this region too, or use another region';
  const fix = `Make one, which costs nothing: aws ec2 create-default-vpc --region ${region}`;
  return `there is no default VPC with a subnet, so machines have no place. ${fix}; or name one of your own: DASKUP_AWS_SUBNETS (docs/aws.md)`;
}

async function findOwnGroups(ec2: EC2, region: string, vpcId: string, own: Own): Promise<readonly string[]> {
  if (own.securityGroups.length === 0) return [];
  const Filters = [filter('vpc-id', vpcId), filter('group-id', ...own.securityGroups)];
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters });
  if (SecurityGroups.length === 0)
    throw new ProviderError(
      `AWS, ${region}: none of the groups that DASKUP_AWS_SECURITY_GROUPS names is in ${vpcId}. Name one of it too, or leave the setting away`,
    );
  return SecurityGroups.map(({ GroupId = '' }) => GroupId).toSorted();
}

/**
 * The installation's network, with its security group made if need be: it lets its own members in, and this server to the
 * schedulers' ports. Addresses that no server of the installation has any more are let in no longer.
 * @param server this one.
 */
export async function makeNetwork(ec2: EC2, vpc: Vpc, installation: string, server: Server): Promise<Network> {
  const { id: vpcId, subnets, ownGroupIds } = vpc;
  const filters = [
    filter(`tag:${INSTALLATION}`, installation),
    filter('vpc-id', vpcId),
    filter('group-name', ownGroup(installation).name),
  ];
  const { SecurityGroups: [group] = [] } = await ec2.describeSecurityGroups({ Filters: filters });
  const groupId = group?.GroupId ?? (await makeGroup(ec2, vpcId, ownGroup(installation)));
  const rules = group?.IpPermissions ?? [];
  const { missing, dated, left } = serverRules(rules, server);
  const isOpen = rules.some(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.some((pair) => pair.GroupId === groupId));
  const members = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId, Description: 'daskup: machines' }] };
  await revoke(ec2, groupId, left);
  await authorize(ec2, groupId, [...(isOpen ? [] : [members]), ...missing]);
  if (dated.length > 0)
    await ec2.updateSecurityGroupRuleDescriptionsIngress({ GroupId: groupId, IpPermissions: [...dated] });
  return { subnets, groupId, ownGroupIds };
}

/** The group of all machines of an installation. */
export function ownGroup(installation: string) {
  const name = `daskup-${installation}`;
  const description = 'Machines of daskup: let in each other, and their server to the schedulers';
  const tags = [
    { Key: 'Name', Value: name },
    { Key: INSTALLATION, Value: installation },
  ];
  return { name, description, tags };
}

/** Makes a security group, or finds the one of its name: nobody else makes one of ours. */
export async function makeGroup(
  ec2: EC2,
  vpcId: string,
  { name, description, tags }: { readonly name: string; readonly description: string; readonly tags: readonly Tag[] },
): Promise<string> {
  try {
    const { GroupId = '' } = await ec2.createSecurityGroup({
      GroupName: name,
      Description: description,
      VpcId: vpcId,
      TagSpecifications: tagged(tags, 'security-group'),
    });
    return GroupId;
  } catch (error) {
    if (codeOf(error) !== 'InvalidGroup.Duplicate') throw error;
    const filters = [filter('vpc-id', vpcId), filter('group-name', name)];
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: filters });
    const id = SecurityGroups[0]?.GroupId;
    if (id === undefined) throw error;
    return id;
  }
}

export function filter(Name: string, ...Values: readonly string[]): Filter {
  return { Name, Values: [...Values] };
}
