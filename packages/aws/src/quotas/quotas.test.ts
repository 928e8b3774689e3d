import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Account, REGION } from '../testing/account.ts';
import { offer } from '../testing/offer.ts';

let account: Account;
let homes = 0;
beforeAll(async () => {
  account = await Account.open();
});
afterEach(() => account.ec2.control.calm());
afterAll(() => account?.close());

const scheduler = [offer({ market: 'on-demand', region: REGION })];
const site = { region: REGION, scheduler, workers: [offer({ region: REGION })] };
const newcomer = () => account.provider('', { home: `home-${homes++}` });
const asked = () => account.calls()['servicequotas:ListServiceQuotas'] ?? 0;

test('the quota is read once a day and home, and anew before anybody is refused', async () => {
  account.ec2.control.setQuotas({ 'L-34B43A08': 20 });
  const provider = newcomer();
  account.calls();
  expect(await provider.quotaProblem(site, 10)).toBeNull();
  expect(await account.provider('', { home: `home-${homes - 1}` }).quotaProblem(site, 9)).toBeNull();
  expect(asked()).toBe(1);
  expect(await provider.quotaProblem(site, 11)).toContain('may have 20 spot vCPUs');
});

test('a quota that has been raised since it was kept refuses nobody', async () => {
  account.ec2.control.setQuotas({ 'L-34B43A08': 20 });
  const clock = { now: Date.now() };
  const provider = account.provider('', { home: 'raised', now: () => clock.now });
  expect(await provider.quotaProblem(site, 11)).toContain('may have 20');
  account.ec2.control.setQuotas({ 'L-34B43A08': 22 });
  clock.now += 60_000;
  expect(await provider.quotaProblem(site, 11)).toBeNull();
});

test.each([
  [{ refused: { 'servicequotas:ListServiceQuotas': 'AccessDeniedException' } }],
  [{ silentRegions: [REGION] }],
])('with %j nobody is refused', async (faults) => {
  account.ec2.control.setQuotas({ 'L-34B43A08': 0 });
  account.ec2.control.setFaults(faults);
  expect(await newcomer().quotaProblem(site, 50)).toBeNull();
});
