import { afterAll, beforeAll, expect, test } from 'vitest';
import { Clients } from '../client.ts';
import { Account, REGION } from '../testing/account.ts';
import { identify } from './identity.ts';

let account: Account;
beforeAll(async () => {
  account = await Account.open();
});
afterAll(() => account?.close());

const clockOf = async (aheadMs: number) => identify(await new Clients().sts(REGION), () => Date.now() + aheadMs).clock;

test.each([
  [10 * 60_000, false, /^clock: this computer's is (10m|9m59s|10m\ds) ahead of AWS's.*timedatectl/],
  [-2 * 3_600_000, false, /^clock: this computer's is (2h|1h59m\d+s|2h\ds) behind AWS's/],
  [0, true, /as AWS's/],
])('a clock %d ms ahead: %s', async (aheadMs, ok, message) => {
  const finding = await clockOf(aheadMs);
  expect(finding.ok).toBe(ok);
  expect(finding.message).toMatch(message);
});

test('the clock is told also to whoever is not let in', async () => {
  account.ec2.control.setFaults({ refused: { 'sts:GetCallerIdentity': 'ExpiredToken' } });
  const { who, clock } = identify(await new Clients().sts(REGION), () => Date.now() + 10 * 60_000);
  await expect(who).rejects.toThrow(/credentials have expired/);
  expect((await clock).message).toMatch(/ahead of AWS's/);
});
