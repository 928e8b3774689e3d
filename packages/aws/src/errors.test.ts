import { ProviderError } from '@daskup/core/provision/provider';
import { expect, test } from 'vitest';
import { codeOf, explained, isMissing, shortageOf } from './errors.ts';
import { offer } from './testing/offer.ts';

/** An error as the SDK throws it for an answer of EC2. */
function refused(code: string, message = 'so it is', fault = 'client'): Error {
  return Object.assign(new Error(message), { name: code, $fault: fault });
}
const told = (error: unknown, action = 'ec2:CreateFleet') => explained(error, action, 'eu-west-2');

test.each([
  'InsufficientInstanceCapacity',
  'UnfulfillableCapacity',
  'Unsupported',
  'InsufficientFreeAddressesInSubnet',
])('%s leaves one pool aside, and says which', (code) => {
  const shortage = shortageOf({ code, message: '' }, offer());
  expect(shortage).toMatchObject({ kind: 'capacity', pool: 'spot/c7g.large/eu-west-2a' });
  expect(shortage?.message).toContain('eu-west-2a');
});

test.each([
  ['c7g.large', 'spot', 'standard', 'L-34B43A08'],
  ['m5.large', 'on-demand', 'standard', 'L-1216C47A'],
  ['g5.xlarge', 'spot', 'G and VT', 'L-3819A6DF'],
  ['g4dn.xlarge', 'on-demand', 'G and VT', 'L-DB2E81BA'],
  ['p5.48xlarge', 'on-demand', 'P', 'L-417A185B'],
  ['x2gd.large', 'spot', 'X', 'L-E3A00192'],
  ['inf2.xlarge', 'on-demand', 'Inf', 'L-1945791B'],
  ['i4i.large', 'on-demand', 'standard', 'L-1216C47A'],
  ['t3.micro', 'on-demand', 'standard', 'L-1216C47A'],
] as const)(
  'a quota that %s %s uses up is named, with how much it is and where to ask for more',
  (type, market, name, code) => {
    const failure = { code: 'VcpuLimitExceeded', message: 'your current vCPU limit of 32 allows' };
    const shortage = shortageOf(failure, offer({ type, market }));
    expect(shortage).toMatchObject({ kind: 'quota', market, region: 'eu-west-2' });
    expect(shortage?.message).toContain(`${market} vCPUs of ${name} instances in eu-west-2 is used up (it is 32)`);
    expect(shortage?.message).toContain(
      `https://eu-west-2.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/${code}`,
    );
  },
);

test('a signature that is too old is the clock, not the key', () => {
  const message = 'Signature expired: 20261124T100000Z is now earlier than 20261124T101500Z';
  expect(told(refused('SignatureDoesNotMatch', message)).message).toMatch(/clock is wrong/);
});

test('a throttle says nothing about capacity', () => {
  expect(shortageOf({ code: 'RequestLimitExceeded', message: '' }, offer())?.kind).toBe('throttled');
  expect(shortageOf({ code: 'InvalidParameterValue', message: 'no' }, offer())).toBeNull();
});

test.each([
  ['CredentialsProviderError', /no AWS credentials.*aws configure/],
  ['ExpiredToken', /have expired.*aws sso login/],
  ['RequestExpired', /clock.*timedatectl/],
  ['AuthFailure', /does not accept the credentials/],
  ['InvalidClientTokenId', /does not know the access key/],
  ['SignatureDoesNotMatch', /secret key does not belong/],
  ['OptInRequired', /Enable the region/],
  ['IdempotentParameterMismatch', /asked for before, in other words/],
  [
    'AddressLimitExceeded',
    /no more Elastic IP addresses.*DASKUP_AWS_NETWORK=private.*https:\/\/eu-west-2\.console.*\/ec2\/quotas\/L-0263D0A3$/,
  ],
])('%s is told as what a person must do, with the region', (code, words) => {
  const error = told(refused(code));
  expect(error).toBeInstanceOf(ProviderError);
  expect(error.message).toMatch(words);
  expect(error.message).toContain('eu-west-2');
  expect(codeOf(error)).toBe(code);
});

test('a missing permission is named: the one that EC2 names, else that of the call', () => {
  const message =
    'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-west-2:123456789012:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: abc';
  expect(told(refused('UnauthorizedOperation', message)).message).toMatch(
    /permission ec2:RunInstances is missing.*arn:aws:iam::123456789012:user\/ada/,
  );
  expect(told(refused('UnauthorizedOperation', 'You are not authorized')).message).toMatch(
    /permission ec2:CreateFleet is missing/,
  );
  const denied = `${message.split(' because')[0]} with an explicit deny in a service control policy`;
  expect(told(refused('UnauthorizedOperation', denied)).message).toMatch(/denied by a service control policy/);
});

test('no secret of a message goes on: the encoded part of a refusal is left out', () => {
  const message = 'You are not authorized. Encoded authorization failure message: s3cr3t';
  expect(told(refused('UnauthorizedOperation', message)).message).not.toContain('s3cr3t');
});

test.each([
  'InternalError',
  'Unavailable',
  'RequestLimitExceeded',
  'InvalidNetworkInterfaceID.NotFound',
  'DependencyViolation',
])('%s may pass, and is left as it is', (code) => {
  const error = refused(code);
  expect(told(error)).toBe(error);
});

test('what EC2 finds wrong with a call will be wrong again; what broke on the way may not', () => {
  const error = told(refused('InvalidParameterValue', 'count is bad'));
  expect(error).toBeInstanceOf(ProviderError);
  expect(error.message).toBe('AWS, eu-west-2: ec2:CreateFleet was refused (InvalidParameterValue): count is bad');
  const broken = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  expect(told(broken)).toBe(broken);
  const server = refused('SomethingNew', 'oops', 'server');
  expect(told(server)).toBe(server);
});

test('what is not there is told from what is wrong', () => {
  expect(isMissing(refused('InvalidInstanceID.NotFound'))).toBe(true);
  expect(isMissing(refused('InvalidLaunchTemplateName.NotFoundException'))).toBe(true);
  expect(isMissing(refused('InvalidInstanceID.Malformed'))).toBe(false);
});
