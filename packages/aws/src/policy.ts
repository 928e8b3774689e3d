/** One statement of an IAM policy, as JSON. */
interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Whatever a call makes or changes carries daskup's tag. */
const MAKES_OURS = { Null: { 'aws:RequestTag/daskup:installation': 'false' } } as const;
const IS_OURS = { Null: { 'aws:ResourceTag/daskup:installation': 'false' } } as const;

const ec2 = (...actions: readonly string[]) => actions.map((action) => `ec2:${action}`);
const things = (...kinds: readonly string[]) => kinds.map((kind) => `arn:aws:ec2:*:*:${kind}/*`);

/** An image and what its disk was kept as belong to no account by their names. */
const IMAGES = ['arn:aws:ec2:*::image/*', 'arn:aws:ec2:*::snapshot/*'];
const SPOT_ROLE = 'arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/*';

/** The calls that make and tag something; all but the one that makes an image, which may be of a machine of daskup's alone. */
const TAGGING = [
  'AllocateAddress',
  'CreateFleet',
  'CreateLaunchTemplate',
  'CreateNetworkInterface',
  'CreateSecurityGroup',
  'RunInstances',
];

/**
 * The least that daskup's calls need: what has not its tag can be neither changed nor ended.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
 */
export const POLICY: { readonly Version: '2012-10-17'; readonly Statement: readonly Statement[] } = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Look',
      Effect: 'Allow',
      Action: [
        ...ec2(
          'DescribeAddresses',
          'DescribeImages',
          'DescribeInstances',
          'DescribeInstanceTypeOfferings',
          'DescribeInstanceTypes',
          'DescribeLaunchTemplates',
          'DescribeNetworkInterfaces',
          'DescribeRegions',
          'DescribeSecurityGroups',
          'DescribeSnapshots',
          'DescribeSpotPriceHistory',
          'DescribeSubnets',
        ),
        'pricing:GetProducts',
        'servicequotas:ListServiceQuotas',
      ],
      Resource: '*',
    },
    {
      Sid: 'FindImages',
      Effect: 'Allow',
      Action: ['ssm:GetParameters'],
      Resource: 'arn:aws:ssm:*::parameter/aws/service/*',
    },
    {
      Sid: 'MakeWithTags',
      Effect: 'Allow',
      Action: ec2(...TAGGING),
      Resource: things(
        'elastic-ip',
        'fleet',
        'instance',
        'launch-template',
        'network-interface',
        'security-group',
        'spot-instances-request',
        'volume',
      ),
      Condition: MAKES_OURS,
    },
    {
      Sid: 'MakeImages',
      Effect: 'Allow',
      Action: ec2('CreateImage'),
      Resource: IMAGES,
      Condition: MAKES_OURS,
    },
    {
      Sid: 'MakeFrom',
      Effect: 'Allow',
      Action: ec2('CreateFleet', 'RunInstances'),
      Resource: [...IMAGES, ...things('key-pair', 'launch-template', 'network-interface', 'security-group', 'subnet')],
    },
    {
      Sid: 'MakeInterfacesIn',
      Effect: 'Allow',
      Action: ec2('CreateNetworkInterface'),
      Resource: things('security-group', 'subnet'),
    },
    {
      Sid: 'MakeGroupsIn',
      Effect: 'Allow',
      Action: ec2('CreateSecurityGroup'),
      Resource: things('vpc'),
    },
    {
      // Of an interface of ours, which the statement after the next is about; the account's own groups have no tag.
      Sid: 'PutInGroups',
      Effect: 'Allow',
      Action: ec2('ModifyNetworkInterfaceAttribute'),
      Resource: things('security-group'),
    },
    {
      Sid: 'TagWhatIsMade',
      Effect: 'Allow',
      Action: ec2('CreateTags'),
      Resource: 'arn:aws:ec2:*:*:*/*',
      Condition: { StringEquals: { 'ec2:CreateAction': [...TAGGING, 'CreateImage'] } },
    },
    {
      Sid: 'ChangeAndEndOwn',
      Effect: 'Allow',
      Action: ec2(
        'AssociateAddress',
        'AuthorizeSecurityGroupIngress',
        'CreateImage',
        'DeleteLaunchTemplate',
        'DeleteNetworkInterface',
        'DeleteSecurityGroup',
        'DeleteSnapshot',
        'DeregisterImage',
        'GetConsoleOutput',
        'ModifyNetworkInterfaceAttribute',
        'ReleaseAddress',
        'RevokeSecurityGroupIngress',
        'TerminateInstances',
        'UpdateSecurityGroupRuleDescriptionsIngress',
      ),
      Resource: [
        ...IMAGES,
        ...things('elastic-ip', 'instance', 'launch-template', 'network-interface', 'security-group'),
      ],
      Condition: IS_OURS,
    },
    {
      // Whoever may hand out every role has the rights of all.
      Sid: 'GiveInstanceProfile',
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: 'arn:aws:iam::*:role/daskup-*',
      Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    },
    {
      Sid: 'LookForSpotRole',
      Effect: 'Allow',
      Action: ['iam:GetRole'],
      Resource: SPOT_ROLE,
    },
    {
      Sid: 'FirstSpotMachine',
      Effect: 'Allow',
      Action: ['iam:CreateServiceLinkedRole'],
      Resource: SPOT_ROLE,
      Condition: { StringEquals: { 'iam:AWSServiceName': 'spot.amazonaws.com' } },
    },
  ],
};
