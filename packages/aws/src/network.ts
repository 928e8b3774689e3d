import type { EC2, Filter, IpPermission } from '@aws-sdk/client-ec2';
import { ProviderError } from '@daskup/core/provision/provider';
import { codeOf } from './errors.ts';
import { INSTALLATION, tagged } from './tags.ts';

/** Dask's own port and the control port of every scheduler: each has an address of its own. */
export const PORTS = { port: 8786, controlPort: 8787 } as const;

export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly cidr: string;
}

/** A region's default VPC. */
export interface Vpc {
  readonly id: string;
  /** One a zone, at least one. */
  readonly subnets: readonly Subnet[];
}

/** Where the machines of an installation are in a region: the default VPC, and one security group for all of them. */
export interface Network {
  readonly subnets: readonly Subnet[];
  readonly groupId: string;
}

/** @throws {ProviderError} when there is no default VPC. */
export async function findVpc(ec2: EC2, region: string): Promise<Vpc> {
  const { Subnets = [] } = await ec2.describeSubnets({
    Filters: [filter('default-for-az', 'true'), filter('state', 'available')],
  });
  const id = Subnets[0]?.VpcId;
  if (id === undefined) {
    const fix = `Make one, which costs nothing: aws ec2 create-default-vpc --region ${region}`;
    throw new ProviderError(`AWS, ${region}: there is no default VPC with a subnet, so machines have no place. ${fix}`);
  }
  const subnets = Subnets.map(({ SubnetId = '', AvailabilityZone = '', CidrBlock = '' }) => ({
    id: SubnetId,
    zone: AvailabilityZone,
    cidr: CidrBlock,
  }));
  return { id, subnets: subnets.toSorted((a, b) => a.zone.localeCompare(b.zone)) };
}

/**
 * The installation's network, with its security group made if need be: it lets its own members in, and this server to the
 * schedulers' ports.
 * @param server the address by which this server comes.
 */
export async function makeNetwork(ec2: EC2, vpc: Vpc, installation: string, server: string): Promise<Network> {
  const { id: vpcId, subnets } = vpc;
  const filters = [filter(`tag:${INSTALLATION}`, installation), filter('vpc-id', vpcId)];
  const { SecurityGroups: [group] = [] } = await ec2.describeSecurityGroups({ Filters: filters });
  const groupId = group?.GroupId ?? (await makeGroup(ec2, vpcId, installation));
  const rules = group?.IpPermissions ?? [];
  const missing: IpPermission[] = [];
  if (!rules.some(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.some((pair) => pair.GroupId === groupId))) {
    missing.push({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId, Description: 'daskup: machines' }] });
  }
  if (!rules.some(({ IpRanges = [] }) => IpRanges.some(({ CidrIp }) => CidrIp === `${server}/32`))) {
    const range = { CidrIp: `${server}/32`, Description: 'daskup: a server' };
    missing.push({ IpProtocol: 'tcp', FromPort: PORTS.port, ToPort: PORTS.controlPort, IpRanges: [range] });
  }
  await authorize(ec2, groupId, missing);
  return { subnets, groupId };
}

/** Lets them in. Of rules that another process has made in between, those that are missing are made one by one. */
async function authorize(ec2: EC2, groupId: string, rules: readonly IpPermission[]): Promise<void> {
  if (rules.length === 0) return;
  try {
    await ec2.authorizeSecurityGroupIngress({ GroupId: groupId, IpPermissions: [...rules] });
  } catch (error) {
    if (codeOf(error) !== 'InvalidPermission.Duplicate') throw error;
    if (rules.length > 1) for (const rule of rules) await authorize(ec2, groupId, [rule]);
  }
}

async function makeGroup(ec2: EC2, vpcId: string, installation: string): Promise<string> {
  const name = `daskup-${installation}`;
  try {
    const { GroupId = '' } = await ec2.createSecurityGroup({
      GroupName: name,
      Description: 'Machines of daskup: let in each other, and their server to the schedulers',
      VpcId: vpcId,
      TagSpecifications: tagged(
        [
          { Key: 'Name', Value: name },
          { Key: INSTALLATION, Value: installation },
        ],
        'security-group',
      ),
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
