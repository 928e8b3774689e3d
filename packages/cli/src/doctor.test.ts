import { POLICY } from '@daskup/aws/policy';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Shell } from './testing/shell.ts';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

let shell: ShellOnEc2;
beforeAll(async () => {
  shell = await ShellOnEc2.open();
});
afterEach(() => shell.control.calm());
afterAll(() => shell?.close());

const problems = (out: string) => out.split('\n').filter((line) => line.startsWith('FIX  '));

test('with all in order each check has a line, and a plan its quotas', async () => {
  const { code, out } = await shell.daskup('doctor', 'aws', '50', 'spot', 'eu-west-2', 'gpu=1');
  expect(problems(out)).toEqual([]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ok {3}credentials: account 123456789012, arn:aws:/);
  for (const line of [
    /^ok {3}clock: /m,
    /^ok {3}permissions: DryRun allows 17 of the 17 .*TerminateInstances/m,
    /^ok {3}prices: /m,
    /^ok {3}spot role: /m,
    /^ok {3}network of eu-west-2: vpc-\w+ has subnets in eu-west-2a, eu-west-2b/m,
    /^ok {3}image of eu-west-2 for x86_64: /m,
    /^ok {3}baked images of eu-west-2: none, .* daskup bake aws eu-west-2$/m,
    /^ok {3}plan: 50 workers in eu-west-2, best as g\S+ spot/m,
    /^ok {3}quota spot G and VT in eu-west-2: 1000 vCPUs, 0 in use, 200 needed$/m,
    /^ok {3}quota on-demand standard in eu-west-2: 20000 vCPUs, 0 in use, 2 needed$/m,
  ])
    expect(out).toMatch(line);
  expect(shell.control.left()).toEqual([]);
});

test('without words it looks at the region of the AWS tools', async () => {
  const { out } = await shell.daskup('doctor', 'aws');
  expect(out).toMatch(/^ok {3}quota on-demand standard in us-east-1: 20000 vCPUs, 0 in use$/m);
});

test('each missing permission is named, and the least policy can be printed', async () => {
  const refused = { CreateFleet: 'UnauthorizedOperation', RunInstances: 'UnauthorizedOperation' };
  shell.control.setFaults({ refused: { ...refused, 'pricing:GetProducts': 'AccessDeniedException' } });
  const { code, out } = await shell.daskup('doctor', 'aws', 'eu-west-2', 'arm');
  expect(code).toBe(1);
  const told = problems(out);
  for (const permission of ['ec2:CreateFleet', 'ec2:RunInstances', 'pricing:GetProducts'])
    expect(told.filter((line) => line.includes(`permission ${permission} is missing. Allow it`))).toHaveLength(1);
  expect(out).toMatch(/^The least policy that daskup needs: (npx )?daskup doctor aws --policy$/m);
  const policy = await shell.daskup('doctor', 'aws', '--policy');
  expect(JSON.parse(policy.out)).toEqual(JSON.parse(JSON.stringify(POLICY)));
});

test('what the credentials are wrong by is told apart, and the rest is still looked at', async () => {
  const nobody = new Shell({ AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nowhere' });
  const without = await nobody.daskup('doctor', 'aws');
  await nobody.close();
  expect(without.code).toBe(1);
  expect(problems(without.out)[0]).toMatch(/There are no AWS credentials here\. Give others: AWS_PROFILE/);
  shell.control.setFaults({ refused: { 'sts:GetCallerIdentity': 'ExpiredToken', '*': 'ExpiredToken' } });
  const expired = await shell.daskup('doctor', 'aws');
  expect(problems(expired.out)[0]).toMatch(/The AWS credentials have expired. Log in again/);
  expect(expired.out).toMatch(/^ok {3}clock: /m);
});

test('too small a quota is told by doctor, plan and up, with how much there is and where to ask, and nothing is made', async () => {
  shell.control.setQuotas({ 'L-34B43A08': 32, 'L-1216C47A': 5 });
  shell.control.forgetCalls();
  const page = 'https://eu-west-1.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-34B43A08';
  const doctor = await shell.daskup('doctor', 'aws', '50', 'spot', 'cpu=2', 'eu-west-1');
  expect(problems(doctor.out)[0]).toBe(
    `FIX  quota spot standard in eu-west-1: 32 vCPUs, 0 in use, 100 needed. Ask for more: ${page}`,
  );
  const told = `The quota is too small: the account may have 32 spot vCPUs of standard instances in eu-west-1 (and 5 on-demand standard), and 50 workers need 100. Ask for more: ${page}`;
  const plan = await shell.daskup('plan', '50', 'spot', 'cpu=2', 'eu-west-1');
  expect(plan.out).toContain(told);
  const up = await shell.daskup('up', '50', 'spot', 'cpu=2', 'eu-west-1');
  expect(up).toMatchObject({ code: 2, out: '' });
  expect(up.err).toContain(told);
  // Of a range the fewest count.
  const range = await shell.daskup('plan', '4..50', 'spot', 'cpu=2', 'eu-west-1');
  expect(range.out).not.toContain('quota');
  const calls = shell.control.calls();
  expect(calls['eu-west-1']?.['servicequotas:ListServiceQuotas']).toBeLessThanOrEqual(4);
  expect(
    Object.keys(calls['eu-west-1'] ?? {})
      .filter((call) => /^(Run|Create)/.test(call))
      .toSorted(),
  ).toEqual(
    // Dry runs of the doctor.
    ['CreateFleet', 'CreateLaunchTemplate', 'CreateNetworkInterface', 'CreateSecurityGroup', 'RunInstances'],
  );
  expect(shell.control.left()).toEqual([]);
});

test.each([
  [['doctor'], 'doctor needs a provider: aws'],
  [['doctor', 'aws', '50', 'spto'], 'unknown word spto; did you mean spot?'],
  [['doctor', 'aws', '5', 'europe-west1'], 'europe-west1 is no region of AWS'],
])('%j is told what is wrong with it', async (words, message) => {
  expect(await shell.daskup(...words)).toMatchObject({ code: 2, out: '', err: `daskup: ${message}\n` });
});
