import { expect, test } from 'vitest';
import { onEc2 } from './testing/on-ec2.ts';

const account = onEc2();

test('a cluster on EC2 comes by one line, tells how its machines booted without a call of EC2, and leaves nothing', async () => {
  const shell = account().shell();
  const up = await shell.line('up 2 spot eu-west-2 name=etl');
  expect(up, up.err).toMatchObject({
    code: 0,
    out: expect.stringContaining('etl is ready: 2 of 2 workers, 2 of them spot'),
  });
  expect(account().alive('etl')).toHaveLength(3);
  // Once they have told their scheduler, a moment after they joined, EC2 is asked for nothing.
  const printed = async () => {
    account().control.forgetCalls();
    const { out } = await shell.line('logs etl');
    return [out.match(/^daskup: \d+s starting dask \w+$/gm)?.length, account().control.calls()['eu-west-2'] ?? {}];
  };
  await expect.poll(printed, { timeout: 60_000 }).toEqual([3, expect.not.objectContaining({ GetConsoleOutput: 1 })]);
  const down = await shell.line('down etl');
  expect(down).toMatchObject({ code: 0, out: expect.stringContaining('no machine is left') });
  await account().nothingLeft();
});
