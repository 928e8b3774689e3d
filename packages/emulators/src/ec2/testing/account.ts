import {
  CreateFleetCommand,
  type CreateFleetCommandOutput,
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type FleetLaunchTemplateOverridesRequest,
  type Instance,
  type RequestLaunchTemplateData,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  type TagSpecification,
  type TargetCapacitySpecificationRequest,
} from '@aws-sdk/client-ec2';
import { publishedImages } from '../images.ts';
import type { Ec2 } from '../start.ts';

/** One attempt, so that a test sees every refusal. */
const ONCE = { maxAttempts: 1 } as const;
const PATIENCE_MS = 30_000;

/** Where tests that must not meet launch: a region each, and none that a test names. */
const REGIONS = [
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-central-1',
  'eu-north-1',
  'eu-south-1',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-southeast-1',
];

/** What a test does in a region of its own, through the real SDK. */
export class Account {
  readonly region: string;
  readonly ec2: EC2Client;
  readonly x86: string;
  readonly arm: string;

  constructor({ endpoint }: Pick<Ec2, 'endpoint'>, region = REGIONS.shift() ?? '') {
    this.region = region;
    const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
    this.ec2 = new EC2Client({ endpoint, region, credentials, ...ONCE });
    const { parameters } = publishedImages(region);
    const imageOf = (architecture: string) =>
      parameters.get(`/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`) ?? '';
    this.x86 = imageOf('x86_64');
    this.arm = imageOf('arm64');
  }

  /** The default subnets' ids, by zone. */
  async subnets(): Promise<ReadonlyMap<string, string>> {
    const { Subnets = [] } = await this.ec2.send(new DescribeSubnetsCommand({}));
    return new Map(Subnets.map(({ AvailabilityZone = '', SubnetId = '' }) => [AvailabilityZone, SubnetId]));
  }

  async run(input: Partial<RunInstancesCommandInput> = {}): Promise<readonly Instance[]> {
    const asked = { ImageId: this.x86, InstanceType: 'm5.large', MinCount: 1, MaxCount: 1, ...input } as const;
    const { Instances = [] } = await this.ec2.send(new RunInstancesCommand(asked as RunInstancesCommandInput));
    return Instances;
  }

  async template(data: RequestLaunchTemplateData = {}, name = 'workers'): Promise<void> {
    const LaunchTemplateData: RequestLaunchTemplateData = { ImageId: this.x86, InstanceType: 'm5.large', ...data };
    await this.ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData }));
  }

  fleet(
    count: number,
    overrides: readonly FleetLaunchTemplateOverridesRequest[],
    {
      market = 'spot' as 'spot' | 'on-demand',
      token = undefined as string | undefined,
      target = {} as Partial<TargetCapacitySpecificationRequest>,
      least = undefined as number | undefined,
      single = false,
      tags = [] as readonly TagSpecification[],
    } = {},
  ): Promise<CreateFleetCommandOutput> {
    return this.ec2.send(
      new CreateFleetCommand({
        Type: 'instant',
        ClientToken: token,
        LaunchTemplateConfigs: [
          {
            LaunchTemplateSpecification: { LaunchTemplateName: 'workers', Version: '$Latest' },
            Overrides: [...overrides],
          },
        ],
        SpotOptions: {
          AllocationStrategy: 'price-capacity-optimized',
          MinTargetCapacity: least,
          SingleInstanceType: single,
        },
        OnDemandOptions: { AllocationStrategy: 'lowest-price' },
        TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: market, ...target },
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'made-by', Value: 'fleet' }] }, ...tags],
      }),
    );
  }

  async instances(ids?: readonly string[]): Promise<readonly Instance[]> {
    const { Reservations = [] } = await this.ec2.send(
      new DescribeInstancesCommand(ids ? { InstanceIds: [...ids] } : {}),
    );
    return Reservations.flatMap(({ Instances = [] }) => Instances);
  }

  /** Reads until all are in this state. */
  async until(state: string, ids?: readonly string[]): Promise<readonly Instance[]> {
    return eventually(
      () => this.instances(ids),
      (list) => list.length > 0 && list.every(({ State }) => State?.Name === state),
    );
  }
}

/** Reads again and again, but no oftener than the buckets of EC2 allow. */
export async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (true) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`After ${PATIENCE_MS / 1000} s it is still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 125));
  }
}

export function idsOf(instances: readonly Instance[]): string[] {
  return instances.map(({ InstanceId = '' }) => InstanceId);
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
