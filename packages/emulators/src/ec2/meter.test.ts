import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, idsOf } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const ec2 = emulator({ pace: { pendingMs: [1_000, 1_000], bootMs: [0, 0], shutdownMs: [1_000, 1_000] } });

const HOUR_MS = 3_600_000;

function billOf(id: string | undefined) {
  const bill = ec2()
    .control.meter()
    .bills.find((one) => one.id === id);
  if (!bill) throw new Error(`There is no bill of ${id}`);
  return bill;
}

/** Launches one, and lets it run so long, by EC2's clock. */
async function ran(me: Account, ms: number, market: 'spot' | 'on-demand' = 'on-demand'): Promise<string> {
  const [instance] = await me.run(market === 'spot' ? { InstanceMarketOptions: { MarketType: 'spot' } } : {});
  ec2().control.advance(ms);
  return instance?.InstanceId ?? '';
}

async function terminate(me: Account, id: string): Promise<void> {
  await me.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  ec2().control.advance(5_000);
}

test('every second is billed, from its launch to when it began to end, at the price of its launch', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const id = await ran(me, 600_000);
  await terminate(me, id);
  const bill = billOf(id);
  const [instance] = await me.instances([id]);
  const ended = Date.parse(`${/\((.*) GMT\)/.exec(instance?.StateTransitionReason ?? '')?.[1]}Z`);
  const seconds = (ended - (instance?.LaunchTime?.getTime() ?? 0)) / 1000;
  expect(seconds).toBeGreaterThanOrEqual(600);
  expect(bill).toMatchObject({ microsPerHour: 96_000, market: 'on-demand' });
  expect(bill.micros).toBe(Math.round((seconds * 96_000) / 3600));
  // What has ended costs no more.
  ec2().control.advance(HOUR_MS);
  expect(billOf(id).micros).toBe(bill.micros);
});

test('a minute is the least, and what never ran costs nothing', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const short = await ran(me, 5_000);
  await terminate(me, short);
  expect(billOf(short).micros).toBe(1_600);
  const [never] = await me.run();
  await terminate(me, idsOf([never ?? {}])[0] ?? '');
  expect(billOf(never?.InstanceId).micros).toBe(0);
});

test('spot that EC2 takes back in its first hour is free, later it is not, nor is what its owner ended', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const early = await ran(me, HOUR_MS / 2, 'spot');
  ec2().control.reclaim({ match: early, notice: false });
  expect(billOf(early).micros).toBe(0);
  const late = await ran(me, HOUR_MS, 'spot');
  ec2().control.reclaim({ match: late, notice: false });
  expect(billOf(late).micros).toBeGreaterThanOrEqual(billOf(late).microsPerHour);
  const owned = await ran(me, HOUR_MS / 2, 'spot');
  await terminate(me, owned);
  expect(billOf(owned).micros).toBeGreaterThanOrEqual(billOf(owned).microsPerHour / 2);
});

test('the sum is over all, and goes up while something runs', async () => {
  const me = new Account(ec2(), 'us-east-1');
  const id = await ran(me, 120_000);
  const { micros, bills } = ec2().control.meter();
  expect(micros).toBe(bills.reduce((sum, bill) => sum + bill.micros, 0));
  ec2().control.advance(HOUR_MS);
  expect(ec2().control.meter().micros - micros).toBeGreaterThanOrEqual(96_000);
  await terminate(me, id);
});
