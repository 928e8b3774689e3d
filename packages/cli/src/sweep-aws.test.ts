import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Shell } from './testing/shell.ts';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

let shell: ShellOnEc2;
beforeAll(async () => {
  shell = await ShellOnEc2.open();
});
afterAll(() => shell?.close());

test('sweep aws, with no server and no store, leaves nothing of any cluster in any region, and says so', async () => {
  await shell.say('up 1 eu-west-2 name=etl');
  process.kill(await shell.serverPid(), 'SIGKILL');
  rmSync(join(shell.home, 'store'), { recursive: true });

  const asked = await shell.daskup('sweep', 'aws');
  expect(asked.code).toBe(2);
  expect(asked.out).toMatch(/^etl +\S+ +scheduler +i-\w+ +\S+ +eu-west-2/m);
  expect(asked.out).toMatch(/^etl +\S+ +network interface +eni-/m);
  expect(asked.out).toMatch(/^etl +\S+ +Elastic IP +eipalloc-/m);
  expect(asked.out).toMatch(/^etl +\S+ +launch template +lt-/m);
  expect(asked.out).toMatch(/^- +- +security group +sg-\w+ +daskup-/m);
  expect(asked.err).toContain('of everybody in AWS account 123456789012: confirm with --yes');

  const { code, out } = await shell.daskup('sweep', 'aws', '--yes');
  expect(out).toContain(
    '2 machines of 1 cluster and 4 other things have ended; none is left in AWS account 123456789012',
  );
  expect(code).toBe(0);
  expect(shell.control.left()).toEqual([]);
  expect(await shell.daskup('sweep', 'aws')).toMatchObject({
    code: 0,
    out: "nothing of daskup's is in AWS account 123456789012\n",
  });
});

test('without credentials, or with ones that may not, sweep says so in one line', async () => {
  const nobody = new Shell({ AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nowhere' });
  const { code, err } = await nobody.daskup('sweep', 'aws', '--yes');
  expect(err).toMatch(/^daskup: AWS, us-east-1: There are no AWS credentials here\. .*\n$/);
  expect(code).toBe(1);
  await nobody.close();
  shell.control.setFaults({ refused: { DescribeRegions: 'UnauthorizedOperation' } });
  const denied = await shell.daskup('sweep', 'aws', '--yes');
  expect(denied.err).toMatch(/^daskup: AWS, us-east-1: permission ec2:DescribeRegions is missing.*\n$/);
  expect(denied.code).toBe(1);
});
