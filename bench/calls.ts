import { loadavg } from 'node:os';
import { Account, REGION } from './ec2/account.ts';
import { byClass, type Calls, needed, sumOf, table } from './ec2/calls.ts';

// How many calls of EC2 a cluster takes from `up` to ready, through the CLI and the server: on an account's first day, and
// once daskup has its network there. Each size has an EC2 of its own, with the throttles and the delays of the real one.
// daskup's server is up.

/** Real: a process of its own for each worker; else the workers of all machines are in one. */
const SIZES = [
  { workers: 50, isReal: true },
  { workers: 100, isReal: false },
  { workers: 1000, isReal: false },
];
const MOST = { 'first day': 12, later: 6 };

const HEAD = 'N,process,account,calls,polls,prices,throttled,seconds,end,left,calls were'.split(',');
await Account.makeSoftware();
const rows: (string | number)[][] = [];
let tooMany = 0;
for (const { workers, isReal } of SIZES) {
  await using account = await (isReal ? Account.open() : Account.openHollow());
  await using _ = isReal ? null : account.workers();
  await account.daskupOrFail('ls');
  for (const day of ['first day', 'later'] as const) {
    // Nobody asked for anything for a long time, and all throttle buckets are full again.
    account.ec2.control.refill();
    account.ec2.control.forgetCalls();
    const up = await account.daskupOrFail('up', String(workers), 'spot', REGION, 'name=bench', 'quorum=100%');
    const [calls, throttled] = [account.calls(), sumOf(account.throttled())];
    account.ec2.control.forgetCalls();
    await account.daskupOrFail('down', 'bench');
    const end = byClass(account.calls());
    const machines = await account.machinesLeft();
    const { interfaces, addresses, templates } = account.ec2.control.state();
    const left = machines + interfaces.length + addresses.length + templates.length;
    const { polls, prices } = byClass(calls);
    const counted = needed(calls);
    if (counted > MOST[day] || left > 0) tooMany += 1;
    const process = isReal ? 'its own' : 'in one';
    const ending = `${end.looks + end.changes} + ${end.polls} polls`;
    rows.push([
      workers,
      process,
      day,
      counted,
      polls,
      prices,
      throttled,
      up.seconds.toFixed(1),
      ending,
      left,
      list(calls),
    ]);
  }
}
console.log(
  `from up to ready (load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')})`,
);
console.log(table(HEAD, rows));
if (tooMany > 0)
  throw new Error(`more than ${MOST['first day']} calls on the first day, or ${MOST.later} later, or something left`);
process.exit(0);

function list(calls: Calls): string {
  const counted = Object.entries(calls).filter(([action]) => needed({ [action]: 1 }) > 0);
  return counted.map(([action, count]) => (count === 1 ? action : `${action} ${count}`)).join(' ');
}
