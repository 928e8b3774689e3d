import { type InstanceType, onDemandMicros } from './catalogue.ts';
import type { Image } from './images.ts';
import type { Market } from './instance.ts';
import { quotaOf } from './quotas.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

/** Source: EC2 user guide, "Run commands when you launch an EC2 instance": user data is limited to 16 KB before base64. */
const USER_DATA_BYTES = 16_384;

/** The decoded user data; null for none. */
export function checkUserData(encoded: string | undefined): Buffer | null {
  if (encoded === undefined || encoded === '') return null;
  // Source: EC2 API reference, "Error codes": InvalidUserData.Malformed, user data that is not valid base64.
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded))
    throw new Refusal('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  const data = Buffer.from(encoded, 'base64');
  if (data.length > USER_DATA_BYTES)
    throw new Refusal('InvalidParameterValue', `User data is limited to ${USER_DATA_BYTES} bytes`);
  return data;
}

/** Source: EC2 API reference, "Ensuring idempotency": at most 64 ASCII characters. */
export function checkClientToken(token: string): void {
  if (token.length > 64 || !/^[\x21-\x7e]*$/.test(token))
    throw new Refusal('InvalidParameterValue', 'Client token must be at most 64 ASCII characters');
}

/** Source: EC2 API reference, "Error codes": InvalidParameterValue, a type that there is not. */
export function checkType(region: Region, name: string | undefined): InstanceType {
  // Without a type RunInstances takes m1.small, which no image of today boots on: everybody names one.
  if (name === undefined) throw new Refusal('MissingParameter', 'The request must contain the parameter InstanceType');
  const type = region.world.catalogue.types.get(name);
  if (!type) throw new Refusal('InvalidParameterValue', `Invalid value '${name}' for InstanceType.`);
  return type;
}

/** Source: EC2 API reference, "Error codes": InvalidAMIID.NotFound, InvalidAMIID.Malformed, InvalidAMIID.Unavailable. */
export function checkImage(region: Region, wanted: string | undefined): Image {
  if (wanted === undefined) throw new Refusal('MissingParameter', 'The request must contain the parameter ImageId');
  // Source: EC2 user guide, "Reference AMIs using Systems Manager parameters".
  const id = wanted.startsWith('resolve:ssm:') ? region.parameters.get(wanted.slice('resolve:ssm:'.length)) : wanted;
  if (id === undefined)
    throw new Refusal('InvalidParameterValue', `The parameter ${wanted.slice('resolve:ssm:'.length)} does not exist`);
  checkImageId(id);
  const image = region.images.get(id);
  if (!image) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  if (image.availableAt > region.now) throw new Refusal('InvalidAMIID.Unavailable', `The image ID '${id}' is pending`);
  return image;
}

/** Source: EC2 API reference, "Error codes": InvalidAMIID.Malformed. */
export function checkImageId(id: string): void {
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) throw new Refusal('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
}

/** Source: EC2 user guide, "Instance type ... architecture": an image boots on types of its architecture only. */
export function checkArchitecture(type: InstanceType, image: Image): void {
  const { SupportedArchitectures: supported } = type.ProcessorInfo;
  if (!supported.includes(image.architecture))
    throw new Refusal(
      'InvalidParameterValue',
      `The architecture '${supported.join(',')}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
    );
}

/** The message that RunInstances gives with `Unsupported`, a fleet with `InvalidFleetConfiguration`. Source: EC2 user guide, "Troubleshoot instance launch issues". */
export function unsupportedInZone(type: string, zone: string, others: readonly string[]): string {
  const hint = others.length
    ? ` Please retry your request by not specifying an Availability Zone or choosing ${others.join(', ')}.`
    : '';
  return `Your requested instance type (${type}) is not supported in your requested Availability Zone (${zone}).${hint}`;
}

/**
 * How many more of a type the account's quota allows. Source: EC2 user guide, "Amazon EC2 instance type quotas".
 * @param planned vCPUs that will be in use besides.
 */
export function roomInQuota(region: Region, type: InstanceType, market: Market, planned = 0): number {
  const quota = quotaOf(type.InstanceType, market);
  if (!quota) return Number.POSITIVE_INFINITY;
  const limit = region.world.quotas.get(quota.code) ?? quota.value;
  let used = planned;
  for (const { birth, isUp } of region.instances.values())
    if (isUp && birth.market === market && quotaOf(birth.type, market)?.code === quota.code) used += birth.vcpus;
  return Math.floor((limit - used) / type.VCpuInfo.DefaultVCpus);
}

/** What EC2 says when a quota is used up; by market. */
export function quotaRefusal(region: Region, type: string, market: Market): Refusal {
  const quota = quotaOf(type, market);
  const limit = quota ? (region.world.quotas.get(quota.code) ?? quota.value) : 0;
  return market === 'spot'
    ? new Refusal('MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded')
    : new Refusal(
        'VcpuLimitExceeded',
        `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
      );
}

export function capacityRefusal(type: string, zone: string): Refusal {
  return new Refusal(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.`,
    500,
  );
}

export const THROTTLED = 'RequestLimitExceeded';

export function throttleRefusal(): Refusal {
  return new Refusal(THROTTLED, 'Request limit exceeded.', 503);
}

/** What an instance-hour costs now; micro-dollars. */
export function microsNow(region: Region, type: string, zone: string, market: Market): number {
  return market === 'spot'
    ? region.world.spot.at(type, region.name, zone, region.now).micros
    : onDemandMicros(type, region.name);
}
