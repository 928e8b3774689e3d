import {
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type DescribeInstanceTypesCommandInput,
  DescribeSpotPriceHistoryCommand,
  type InstanceTypeInfo,
  type SpotPrice,
} from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { Account } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator();
const config = (region: string) => ({
  region,
  endpoint: ec2().endpoint,
  maxAttempts: 1,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});

async function typesOf(
  me: Account,
  input: DescribeInstanceTypesCommandInput = {},
): Promise<readonly InstanceTypeInfo[]> {
  const types: InstanceTypeInfo[] = [];
  let NextToken: string | undefined;
  do {
    const page = await me.ec2.send(new DescribeInstanceTypesCommand({ ...input, NextToken }));
    types.push(...(page.InstanceTypes ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return types;
}

test('instance types are described as EC2 describes them, by filter and page', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const all = await typesOf(me, { MaxResults: 100 });
  expect(all.length).toBeGreaterThan(800);
  expect(all.find(({ InstanceType }) => InstanceType === 'g5.xlarge')).toMatchObject({
    VCpuInfo: { DefaultVCpus: 4 },
    MemoryInfo: { SizeInMiB: 16_384 },
    GpuInfo: { Gpus: [{ Name: 'A10G', Count: 1, Manufacturer: 'NVIDIA' }] },
    InstanceStorageInfo: { TotalSizeInGB: 250 },
    ProcessorInfo: { SupportedArchitectures: ['x86_64'] },
    SupportedUsageClasses: ['on-demand', 'spot'],
    BareMetal: false,
  });
  const arm = await typesOf(me, {
    Filters: [
      { Name: 'processor-info.supported-architecture', Values: ['arm64'] },
      { Name: 'vcpu-info.default-vcpus', Values: ['4'] },
      { Name: 'current-generation', Values: ['true'] },
      { Name: 'instance-type', Values: ['m7g.*', 'm5.*'] },
    ],
  });
  expect(arm.map(({ InstanceType }) => InstanceType)).toEqual(['m7g.xlarge']);
  await expect(typesOf(me, { InstanceTypes: ['m5.enormous' as never] })).rejects.toMatchObject({
    name: 'InvalidInstanceType',
  });
});

test('offerings by zone are of zones that the region has, and by region of types that a zone has', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const { AvailabilityZones = [] } = await me.ec2.send(new DescribeAvailabilityZonesCommand({}));
  const offered = async (LocationType: 'availability-zone' | 'region') => {
    const { InstanceTypeOfferings = [] } = await me.ec2.send(
      new DescribeInstanceTypeOfferingsCommand({
        LocationType,
        Filters: [{ Name: 'instance-type', Values: ['m7i.large'] }],
      }),
    );
    return InstanceTypeOfferings.map(({ Location }) => Location);
  };
  const zones = await offered('availability-zone');
  expect(zones).toContain('us-east-1a');
  expect(zones).not.toContain('us-east-1e');
  expect(AvailabilityZones.map(({ ZoneName }) => ZoneName)).toEqual(expect.arrayContaining(zones));
  expect(await offered('region')).toEqual(['us-east-1']);
});

test('spot prices lie under on-demand, differ by zone, and have a history, newest first', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const prices = async (StartTime: Date): Promise<readonly SpotPrice[]> => {
    const { SpotPriceHistory = [] } = await me.ec2.send(
      new DescribeSpotPriceHistoryCommand({
        InstanceTypes: ['m5.large'],
        ProductDescriptions: ['Linux/UNIX'],
        StartTime,
      }),
    );
    return SpotPriceHistory;
  };
  const now = await prices(new Date());
  expect(new Set(now.map(({ AvailabilityZone }) => AvailabilityZone)).size).toBe(now.length);
  expect(now.length).toBeGreaterThan(2);
  for (const { SpotPrice } of now) {
    expect(Number(SpotPrice)).toBeGreaterThanOrEqual(0.096 * 0.25);
    expect(Number(SpotPrice)).toBeLessThanOrEqual(0.096 * 0.6);
  }
  const history = await prices(new Date(Date.now() - 86_400_000));
  expect(history.length).toBeGreaterThan(now.length * 3);
  const times = history.map(({ Timestamp }) => Timestamp?.getTime() ?? 0);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

test('the price list has what a type costs on demand, by region', async () => {
  const client = new PricingClient(config('us-east-1'));
  const price = async (region: string) => {
    const { PriceList = [] } = await client.send(
      new GetProductsCommand({
        ServiceCode: 'AmazonEC2',
        Filters: Object.entries({
          regionCode: region,
          instanceType: 'm5.large',
          operatingSystem: 'Linux',
          tenancy: 'Shared',
          preInstalledSw: 'NA',
          capacitystatus: 'Used',
        }).map(([Field, Value]) => ({ Type: 'TERM_MATCH', Field, Value })),
      }),
    );
    expect(PriceList).toHaveLength(1);
    const { terms } = JSON.parse(String(PriceList[0]));
    const [term] = Object.values<{ priceDimensions: Record<string, { pricePerUnit: { USD: string } }> }>(
      terms.OnDemand,
    );
    const [dimension] = Object.values(term?.priceDimensions ?? {});
    return Number(dimension?.pricePerUnit.USD);
  };
  expect(await price('us-east-1')).toBe(0.096);
  expect(await price('eu-west-2')).toBeGreaterThan(0.1);
  const pages: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new GetProductsCommand({
        ServiceCode: 'AmazonEC2',
        NextToken,
        Filters: [{ Type: 'TERM_MATCH', Field: 'regionCode', Value: 'eu-west-2' }],
      }),
    );
    pages.push(page.PriceList?.length ?? 0);
    NextToken = page.NextToken;
  } while (NextToken);
  expect(pages[0]).toBe(100);
  expect(pages.reduce((sum, one) => sum + one, 0)).toBe(
    (await typesOf(new Account(ec2(), 'eu-west-2'), { MaxResults: 100 })).length,
  );
});

test.each([
  ['/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64', 'arm64', '137112412989'],
  ['/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id', 'x86_64', '099720109477'],
])('the parameter %s names an image that is there', async (Name, Architecture, OwnerId) => {
  const me = new Account(ec2(), 'us-west-2');
  const ssm = new SSMClient(config('us-west-2'));
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
  const ids = [Parameter?.Value ?? ''];
  const { Images } = await me.ec2.send(new DescribeImagesCommand({ ImageIds: ids }));
  expect(Images).toMatchObject([{ Architecture, OwnerId, State: 'available' }]);
  const both = await ssm.send(new GetParametersCommand({ Names: [Name, '/no/such'] }));
  expect([both.Parameters?.length, both.InvalidParameters]).toEqual([1, ['/no/such']]);
  await expect(ssm.send(new GetParameterCommand({ Name: '/no/such' }))).rejects.toMatchObject({
    name: 'ParameterNotFound',
  });
  const [instance] = await me.run({
    ImageId: `resolve:ssm:${Name}`,
    InstanceType: Architecture === 'arm64' ? 'm7g.large' : 'm5.large',
  });
  expect(instance?.ImageId).toBe(ids[0]);
});

test('quotas are there, and can be set', async () => {
  const ask = async (operation: string, body: object): Promise<readonly [number, { Quotas?: readonly object[] }]> => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/servicequotas/aws4_request, SignedHeaders=host, Signature=0';
    const answer = await fetch(ec2().endpoint, {
      method: 'POST',
      headers: { authorization, 'x-amz-target': `ServiceQuotasV20190624.${operation}` },
      body: JSON.stringify(body),
    });
    return [answer.status, (await answer.json()) as { Quotas?: readonly object[] }];
  };
  ec2().control.setQuotas({ 'L-34B43A08': 64 });
  expect(await ask('GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-34B43A08' })).toMatchObject([
    200,
    { Quota: { Value: 64, QuotaName: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests' } },
  ]);
  expect(await ask('GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-0' })).toMatchObject([
    400,
    { __type: 'NoSuchResourceException' },
  ]);
  const [, { Quotas }] = await ask('ListServiceQuotas', { ServiceCode: 'ec2' });
  expect(Quotas).toHaveLength(17);
});
