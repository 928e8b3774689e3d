import { expect, test } from 'vitest';
import { onEc2 } from './testing/on-ec2.ts';

const account = onEc2();

test('a cluster on EC2 comes by one line, and its end leaves nothing in the account', async () => {
  const shell = account().shell();
  const up = await shell.line('up 2 spot eu-west-2 name=etl');
  expect(up, up.err).toMatchObject({
    code: 0,
    out: expect.stringContaining('etl is ready: 2 of 2 workers, 2 of them spot'),
  });
  expect(account().alive('etl')).toHaveLength(3);
  const down = await shell.line('down etl');
  expect(down).toMatchObject({ code: 0, out: expect.stringContaining('no machine is left') });
  await account().nothingLeft();
});
