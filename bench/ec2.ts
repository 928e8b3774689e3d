import { loadavg } from 'node:os';
import { Account, REGION } from './ec2/account.ts';
import { byClass, type Calls, needed, sumOf, table } from './ec2/calls.ts';
import { Cloudprovider, HOLLOW, type Outcome } from './ec2/cloudprovider.ts';

// A cluster of N workers on spot machines of EC2 until all have joined: daskup, and dask-cloudprovider's EC2Cluster. Each
// attempt has an EC2 of its own, with the throttles and the delays of the real one, as on an account's first day. Both find
// their software on the machines, and daskup's server is up, which it is for five minutes after any command. In turn.

/** Real: a process of its own for each worker. Of more than these, two cores would be what is measured. */
const REAL = [10];
/** With the workers of all machines in one process. */
const PACKED = [10, 50, 100];
const LIMIT_MS = 300_000;

interface Attempt {
  readonly tool: string;
  readonly workers: number;
  readonly isPacked: boolean;
  readonly outcome: Outcome;
  readonly calls: Calls;
  readonly throttled: number;
  readonly left: number;
}

async function daskup(workers: number, isPacked: boolean): Promise<Attempt> {
  await using account = await (isPacked ? Account.openHollow() : Account.open());
  await using _ = isPacked ? account.workers() : null;
  await account.daskupOrFail('ls');
  const up = await account.daskup('up', String(workers), 'spot', REGION, 'name=bench', 'quorum=100%');
  const [calls, throttled] = [account.calls(), sumOf(account.throttled())];
  const outcome: Outcome = up.code === 0 ? { seconds: up.seconds } : { why: up.output.split('\n')[0] ?? '' };
  await account.daskup('down', 'bench');
  return { tool: 'daskup', workers, isPacked, outcome, calls, throttled, left: await account.machinesLeft() };
}

async function cloudprovider(tool: Cloudprovider, workers: number, isPacked: boolean): Promise<Attempt> {
  await using account = await Account.open(isPacked ? { hollow: HOLLOW } : {});
  await tool.makeGroup(account);
  account.ec2.control.forgetCalls();
  let [calls, throttled] = [account.calls(), 0];
  const note = () => {
    [calls, throttled] = [account.calls(), sumOf(account.throttled())];
  };
  const outcome = await tool.up(account, workers, { isHollow: isPacked, limitMs: LIMIT_MS, joined: note });
  if ('why' in outcome) note();
  const left = await account.machinesLeft();
  return { tool: 'dask-cloudprovider', workers, isPacked, outcome, calls, throttled, left };
}

function row({ tool, workers, isPacked, outcome, calls, throttled, left }: Attempt) {
  const { prices, looks, launches, tags, changes, polls } = byClass(calls);
  const seconds = 'seconds' in outcome ? outcome.seconds.toFixed(1) : '-';
  const own = isPacked ? 'in one' : 'its own';
  return [tool, workers, own, sumOf(calls), looks, launches, tags, changes, polls, prices, throttled, seconds, left];
}
const HEAD = 'tool,N,process,calls,looks,launches,tags,changes,polls,prices,throttled,seconds,left'.split(',');

await Account.makeSoftware();
const tool = await Cloudprovider.install();
process.env.PATH = tool.path;
{
  await using account = await Account.open();
  const outcome = await tool.up(account, 1, { isHollow: false, limitMs: LIMIT_MS, joined: () => {} });
  console.log(
    `dask-cloudprovider on an account without its security group: ${'why' in outcome ? outcome.why : 'works'} (below it has been made before)`,
  );
}
const attempts: Attempt[] = [];
for (const [isPacked, sizes] of [
  [false, REAL],
  [true, PACKED],
] as const) {
  for (const workers of sizes) {
    attempts.push(await daskup(workers, isPacked), await cloudprovider(tool, workers, isPacked));
    const [ours, theirs] = attempts.slice(-2);
    if (!ours || !theirs) throw new Error('there are two attempts');
    const load = loadavg().map((value) => value.toFixed(1));
    console.log(`\n${table(HEAD, [row(ours), row(theirs)])}`);
    for (const { tool, outcome } of [ours, theirs])
      if ('why' in outcome) console.log(`${tool}, ${workers} workers: ${outcome.why}`);
    const times = (count: (calls: Calls) => number) => (count(theirs.calls) / count(ours.calls)).toFixed(1);
    const ratios = [`calls ${times(sumOf)}, but for polls and prices ${times(needed)}`];
    if ('seconds' in ours.outcome && 'seconds' in theirs.outcome)
      ratios.push(`seconds ${(theirs.outcome.seconds / ours.outcome.seconds).toFixed(1)}`);
    console.log(`${workers} workers, dask-cloudprovider over daskup: ${ratios.join(', ')} (load ${load.join(' ')})`);
  }
}
process.exit(0);
