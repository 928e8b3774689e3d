import type { EC2 } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
import type { Finding } from '@daskup/core/provision/provider';
import { CHECK_TAGS } from '../check.ts';
import { codeOf } from '../errors.ts';
import { UBUNTU } from '../images/images.ts';
import type { Vpc } from '../network/network.ts';
import { POLICY } from '../policy.ts';
import { tagged } from '../tags.ts';

const DRY = { DryRun: true } as const;

/**
 * Calls of which EC2 says whether it would do them, and does not. Source: EC2 API reference, "Common query parameters",
 * DryRun. Not among them is what changes or ends a thing: the policy allows it for what carries daskup's tag alone, so on
 * nothing else it can be tried. RunInstances is tried for each image.
 */
const TRIES: Readonly<Record<string, (ec2: EC2, vpc: Vpc | null) => Promise<unknown>>> = {
  DescribeAddresses: (ec2) => ec2.describeAddresses(DRY),
  DescribeImages: (ec2) => ec2.describeImages(DRY),
  DescribeInstances: (ec2) => ec2.describeInstances(DRY),
  DescribeInstanceTypeOfferings: (ec2) => ec2.describeInstanceTypeOfferings(DRY),
  DescribeInstanceTypes: (ec2) => ec2.describeInstanceTypes(DRY),
  DescribeLaunchTemplates: (ec2) => ec2.describeLaunchTemplates(DRY),
  DescribeNetworkInterfaces: (ec2) => ec2.describeNetworkInterfaces(DRY),
  DescribeRegions: (ec2) => ec2.describeRegions(DRY),
  DescribeSecurityGroups: (ec2) => ec2.describeSecurityGroups(DRY),
  DescribeSnapshots: (ec2) => ec2.describeSnapshots(DRY),
  DescribeSpotPriceHistory: (ec2) => ec2.describeSpotPriceHistory(DRY),
  DescribeSubnets: (ec2) => ec2.describeSubnets(DRY),
  AllocateAddress: (ec2) => ec2.allocateAddress({ ...DRY, TagSpecifications: tagged(CHECK_TAGS, 'elastic-ip') }),
  CreateFleet: (ec2) =>
    ec2.createFleet({
      ...DRY,
      Type: 'instant',
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
      LaunchTemplateConfigs: [
        { LaunchTemplateSpecification: { LaunchTemplateName: 'daskup-check', Version: '1' }, Overrides: [] },
      ],
      TagSpecifications: tagged(CHECK_TAGS, 'fleet', 'instance'),
    }),
  CreateLaunchTemplate: (ec2) =>
    ec2.createLaunchTemplate({
      ...DRY,
      LaunchTemplateName: 'daskup-check',
      LaunchTemplateData: { ImageId: UBUNTU.idFor('x86_64') },
      TagSpecifications: tagged(CHECK_TAGS, 'launch-template'),
    }),
  CreateNetworkInterface: (ec2, vpc) =>
    ec2.createNetworkInterface({
      ...DRY,
      SubnetId: vpc?.subnets[0]?.id,
      TagSpecifications: tagged(CHECK_TAGS, 'network-interface'),
    }),
  CreateSecurityGroup: (ec2, vpc) =>
    ec2.createSecurityGroup({
      ...DRY,
      GroupName: 'daskup-check',
      Description: 'daskup: only a check',
      VpcId: vpc?.id,
      TagSpecifications: tagged(CHECK_TAGS, 'security-group'),
    }),
};

/** The calls of EC2 that the policy allows and that are not tried here or with an image. */
export const UNTRIED: readonly string[] = [...new Set(POLICY.Statement.flatMap(({ Action }) => Action))]
  .filter((action) => action.startsWith('ec2:'))
  .map((action) => action.slice('ec2:'.length))
  .filter((call) => call !== 'RunInstances' && !Object.hasOwn(TRIES, call));

/** Which of daskup's calls of EC2 these credentials may not make: a finding each, and one for all the others. */
export async function permissions(ec2: EC2, looked: Promise<Vpc>): Promise<readonly Finding[]> {
  const vpc = await looked.catch(() => null);
  const said = await Promise.all(
    Object.entries(TRIES).map(async ([call, attempt]) => ({ call, ...(await answerTo(attempt(ec2, vpc))) })),
  );
  const denied = said.filter(({ code }) => code === 'UnauthorizedOperation');
  const allowed = said.filter(({ code }) => code === 'DryRunOperation');
  const unclear = said.filter((one) => !denied.includes(one) && !allowed.includes(one));
  const parts = [
    `permissions: DryRun allows ${allowed.length} of the ${said.length} calls of EC2 that can be tried`,
    ...(unclear.length > 0 ? [`it does not say of ${unclear.map(({ call }) => call).join(', ')}`] : []),
    `on what daskup has made alone could be tried: ${UNTRIED.join(', ')}`,
  ];
  return [...denied.map(({ message }) => ({ ok: false, message })), { ok: true, message: parts.join('; ') }];
}

/** EC2 answers a dry run with an error, whatever it says. */
function answerTo(asked: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  return asked.then(
    () => ({ code: '', message: '' }),
    (error: unknown) => ({ code: codeOf(error), message: messageOf(error) }),
  );
}
