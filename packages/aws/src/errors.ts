import { ProviderError, type Shortage } from '@daskup/core/provision/provider';
import type { Market } from '@daskup/core/spec/spec';
import { pageOf, quotaOf, quotaUrl } from './quotas/quota.ts';

/**
 * What an error code of EC2 means. `capacity`: this pool is empty. `quota`: the account may have no more. `throttled`: asked
 * too often; nothing else is known. `passing`: it passes by itself. `person`: somebody must do something, and what.
 */
type Meaning =
  | { readonly kind: 'capacity' | 'quota' | 'throttled' | 'passing' }
  | { readonly kind: 'person'; readonly what: string; readonly quota?: string };

const CREDENTIALS = 'Give others: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws configure';
const LOGIN = 'Log in again, for example with: aws sso login';
const capacity = { kind: 'capacity' } as const;
const quota = { kind: 'quota' } as const;
/** A throttle of calls lets go of the next within a second. Source: EC2 API reference, "Request throttling". */
export const RETRY_MS = 1_000;

const throttled = { kind: 'throttled' } as const;
const passing = { kind: 'passing' } as const;
const person = (what: string) => ({ kind: 'person', what }) as const;
/** @param quota what to ask more of, as Service Quotas calls it: `SERVICE/quotas/CODE`. */
const limit = (quota: string, what: string) => ({ kind: 'person', what, quota }) as const;

/** Sources: EC2 API reference, "Error codes"; the errors that the AWS SDK throws without asking anybody. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  InsufficientInstanceCapacity: capacity,
  InsufficientHostCapacity: capacity,
  InsufficientCapacity: capacity,
  UnfulfillableCapacity: capacity,
  InsufficientFreeAddressesInSubnet: capacity,
  // This type is not to be had in this zone: a pool that stays empty.
  Unsupported: capacity,
  SpotMaxPriceTooLow: capacity,

  VcpuLimitExceeded: quota,
  InstanceLimitExceeded: quota,
  MaxSpotInstanceCountExceeded: quota,
  MaxFleetCountExceeded: quota,

  RequestLimitExceeded: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  EC2ThrottledException: throttled,
  ResourceCountLimitExceeded: throttled,
  InstanceCreditSpecificationLimitExceeded: throttled,

  InternalError: passing,
  InternalFailure: passing,
  ServerInternal: passing,
  ServiceUnavailable: passing,
  Unavailable: passing,
  RequestTimeout: passing,
  ConcurrentIdempotentRequest: passing,
  IdempotentInstanceTerminated: passing,
  DependencyViolation: passing,
  'InvalidSnapshot.InUse': passing,
  IncorrectState: passing,
  // It was an image a moment ago.
  'InvalidAMIID.Unavailable': passing,
  'InvalidNetworkInterface.InUse': passing,
  'InvalidIPAddress.InUse': passing,
  'Resource.AlreadyAssociated': passing,

  CredentialsProviderError: person(`There are no AWS credentials here. ${CREDENTIALS}`),
  TokenProviderError: person(`The AWS login is over. ${LOGIN}`),
  ExpiredToken: person(`The AWS credentials have expired. ${LOGIN}`),
  ExpiredTokenException: person(`The AWS credentials have expired. ${LOGIN}`),
  RequestExpired: person(
    "AWS takes the request for an old one: the credentials have expired, or this computer's clock is wrong. Set the clock (timedatectl set-ntp true), or log in again",
  ),
  RequestInTheFuture: person("This computer's clock is ahead of AWS's. Set it: timedatectl set-ntp true"),
  AuthFailure: person(
    `AWS does not accept the credentials: they are wrong, were deleted, or this computer's clock is more than 5 minutes off. ${CREDENTIALS}`,
  ),
  InvalidClientTokenId: person(`AWS does not know the access key. ${CREDENTIALS}`),
  UnrecognizedClientException: person(`AWS does not know the access key. ${CREDENTIALS}`),
  SignatureDoesNotMatch: person(`The secret key does not belong to the access key. ${CREDENTIALS}`),
  OptInRequired: person(
    'The account has not been opened for this. Enable the region in the AWS console under Account, AWS Regions, or use another',
  ),
  PendingVerification: person('AWS is still verifying the account for this region, which may take hours. Use another'),
  Blocked: person('AWS has blocked the account. Write to AWS Support'),
  'AuthFailure.ServiceLinkedRoleCreationNotPermitted': person(
    'EC2 needs its service-linked role for spot machines, which these credentials may not make. Let an administrator do it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
  ),
  'InvalidAMIID.NotFound': person('The image is not there any more. Name another (image=)'),
  IdempotentParameterMismatch: person(
    'This launch was asked for before, in other words: daskup or its settings have changed since. What it made then ends with its cluster. Ask for the cluster again',
  ),
  AddressLimitExceeded: limit(
    'ec2/quotas/L-0263D0A3',
    'The account may have no more Elastic IP addresses in this region, and every cluster takes one. End a cluster, or let none have one where server and clients are in the network of the machines (DASKUP_AWS_NETWORK=private)',
  ),
  NetworkInterfaceLimitExceeded: limit('vpc/quotas/L-DF5E4CA3', 'The account has no network interface left'),
  SecurityGroupLimitExceeded: limit(
    'vpc/quotas/L-E79EC296',
    'The VPC has no security group left. Delete one that is not needed',
  ),
  SecurityGroupsPerInterfaceLimitExceeded: limit(
    'vpc/quotas/L-2AFB9258',
    'A network interface can be in no more security groups: daskup takes one, and one more for clients elsewhere. Name fewer in DASKUP_AWS_SECURITY_GROUPS',
  ),
  'InvalidKeyPair.NotFound': person(
    'There is no key pair of the name that DASKUP_AWS_KEY_NAME says in this region. Import it: aws ec2 import-key-pair',
  ),
  RulesPerSecurityGroupLimitExceeded: limit(
    'vpc/quotas/L-0EA8095F',
    'A security group has no rule left. Let in fewer addresses, or one range that has them all',
  ),
};

/** What is known of a failure when EC2 gave its code. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** EC2's code for what went wrong, also of what was {@link explained}. */
export function codeOf(error: unknown): string {
  if (error instanceof ProviderError) return codeOf(error.cause);
  return error instanceof Error ? error.name : '';
}

/** What a failed call has said. */
export function failureOf(error: unknown): Failure {
  return { code: codeOf(error), message: error instanceof Error ? error.message : '' };
}

export function meaningOf({ code, message }: Failure): Meaning | undefined {
  // So STS and IAM tell of a clock. Source: Signature Version 4, "Troubleshoot Signature Version 4 signing errors".
  if (code === 'SignatureDoesNotMatch' && /expired|not yet current/.test(message)) return MEANINGS.RequestExpired;
  if (code === 'InvalidParameterValue') {
    // The spot market tells of a used-up quota by a code that it has for other things too, as interfaces do of their use.
    if (/vcpu limit/i.test(message)) return quota;
    if (/currently in use/.test(message)) return passing;
  }
  return MEANINGS[code];
}

/** Whether nothing of that id or name is there, or is to be seen yet: EC2 shows what it has just made a little later. */
export function isMissing(error: unknown): boolean {
  return /\.NotFound(Exception)?$/.test(codeOf(error));
}

/** What is not there need not be deleted. */
export async function gone(deletion: Promise<unknown>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Whether an image that was to be booted cannot be any more. Source: EC2 API reference, "Error codes". */
export function isImageGone(code: string): boolean {
  return code === 'InvalidAMIID.NotFound' || code === 'InvalidAMIID.Unavailable';
}

/** The pool that gave too little, or the quota, in words. Null when the failure has nothing to do with how much there is. */
export function shortageOf(
  failure: Failure,
  offer: { readonly type: string; readonly zone: string; readonly market: Market; readonly region: string },
): Shortage | null {
  const { type, zone, market, region } = offer;
  const pool = `${market}/${type}/${zone}`;
  switch (meaningOf(failure)?.kind) {
    case 'capacity': {
      const message =
        failure.code === 'InsufficientFreeAddressesInSubnet'
          ? `the subnet in ${zone} has no address left`
          : `no ${market} capacity for ${type} in ${zone}`;
      return { kind: 'capacity', pool, message };
    }
    case 'throttled':
      return { kind: 'throttled', pool, retryMs: RETRY_MS, message: 'EC2 was asked too often; trying again' };
    case 'quota':
      return { kind: 'quota', market, region, message: quotaMessage(failure, type, market, region) };
    default:
      return null;
  }
}

function quotaMessage({ message }: Failure, type: string, market: Market, region: string): string {
  const quota = quotaOf(type, market);
  const limit = /limit of (\d+)/.exec(message)?.[1];
  const name = `the quota for ${market} vCPUs of ${quota?.name ?? type} instances in ${region} is used up`;
  return `${name}${limit ? ` (it is ${limit})` : ''}. End machines, or ask for more: ${pageOf(region, quota?.code ?? '')}`;
}

/**
 * What a failed call is to be told as: a {@link ProviderError} where a person must do something, in words that say what;
 * the error itself where it may pass.
 * @param action what was asked for, as IAM calls it, such as `ec2:CreateFleet`.
 */
export function explained(error: unknown, action: string, region: string): Error {
  const code = codeOf(error);
  const original = error instanceof Error ? error : new Error(String(error));
  const where = `AWS, ${region}: `;
  if (/^(UnauthorizedOperation|AccessDenied(Exception)?|Client\.UnauthorizedOperation)$/.test(code)) {
    return new ProviderError(`${where}${unauthorized(original.message, action)}`, { cause: error });
  }
  const meaning = meaningOf({ code, message: original.message });
  if (meaning?.kind === 'person') {
    const more = meaning.quota === undefined ? '' : `; or ask for more: ${quotaUrl(region, meaning.quota)}`;
    return new ProviderError(`${where}${meaning.what}${more}`, { cause: error });
  }
  if (meaning?.kind === 'quota') {
    return new ProviderError(`${where}a quota is used up. ${original.message}`, { cause: error });
  }
  // Whatever else EC2 finds wrong with a call it finds wrong the next time too.
  if (meaning === undefined && !isMissing(error) && isRefusal(error)) {
    return new ProviderError(`${where}${action} was refused (${code}): ${original.message}`, { cause: error });
  }
  return original;
}

/** Whether EC2 itself said that the caller is to blame; a connection that broke is nobody's fault. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && '$fault' in error && error.$fault === 'client';
}

function unauthorized(message: string, action: string): string {
  const denied = /to perform:? ([\w-]+:\w+)/.exec(message)?.[1] ?? action;
  const who = /(?:User|Principal): (\S+)/.exec(message)?.[1];
  const by = /explicit deny in an? ([\w ]+?)(?:\.|$| Encoded)/.exec(message)?.[1];
  const fix = by
    ? `It is denied by a ${by}: ask whoever keeps that`
    : `Allow it to ${who ?? 'the credentials in use'}: docs/aws.md has the least policy`;
  return `permission ${denied} is missing. ${fix}`;
}
