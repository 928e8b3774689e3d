import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Account, REGION } from './ec2/account.ts';
import { sumOf } from './ec2/calls.ts';
import { megabytes } from './measure.ts';

// What the server takes with many clusters on EC2, through the CLI: memory against itself without any, and calls of EC2 a
// second while they start, while nothing happens, and while they end.
const CLUSTERS = 20;
const WORKERS = 50;
/** EC2 starts a thousand machines at once; then its bucket must fill again. */
const AT_ONCE = 10;
const QUIET_MS = 60_000;
/** What a server has read to answer is garbage by then. */
const REST_MS = 10_000;

await Account.makeSoftware();
await using account = await Account.openHollow();
await using _ = account.workers();
const names = Array.from({ length: CLUSTERS }, (_, i) => `bench-${i}`);
const line = (what: string, text: string) => console.log(`${what}: ${text}`);
const memory = (pid: number) => megabytes([pid]);

/** Seconds of processor that a process has had. */
function processor(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Calls of EC2 and the server's processor while this goes on. */
async function during(what: string, pid: number, task: () => Promise<unknown>): Promise<void> {
  account.ec2.control.forgetCalls();
  const [started, before] = [performance.now(), processor(pid)];
  await task();
  const seconds = (performance.now() - started) / 1000;
  const calls = account.calls();
  const rate = (count: number) => (count / seconds).toFixed(2);
  const { DescribeInstances: describes = 0, GetConsoleOutput: logs = 0 } = calls;
  line(
    what,
    `${rate(sumOf(calls))} calls of EC2 a second, ${rate(describes)} of them DescribeInstances and ${rate(logs)} GetConsoleOutput, ${sumOf(account.throttled())} throttled; ${rate((processor(pid) - before) * 100)} % of a processor; ${seconds.toFixed(0)} s`,
  );
}

// Elastic IP addresses: every cluster has one, and an account five until it asks for more.
account.ec2.control.setQuotas({ 'L-0263D0A3': CLUSTERS });
// A server that has made its store takes more than one that finds it.
await account.daskupOrFail('ls');
await account.endServer();
await account.daskupOrFail('ls');
const pid = await account.serverPid();
await delay(REST_MS);
const idle = memory(pid);
await account.daskupOrFail('plan', String(WORKERS), 'spot', REGION);
await delay(REST_MS);
const planned = memory(pid);
line('memory, idle', `${idle.toFixed(0)} MB; once it has planned for EC2 ${planned.toFixed(0)} MB`);
await during(`${CLUSTERS} clusters of ${WORKERS} start`, pid, async () => {
  for (let first = 0; first < CLUSTERS; first += AT_ONCE) {
    account.ec2.control.refill();
    const some = names.slice(first, first + AT_ONCE);
    await Promise.all(
      some.map((name) => account.daskupOrFail('up', String(WORKERS), 'spot', REGION, `name=${name}`, 'quorum=100%')),
    );
  }
});
await delay(REST_MS);
const many = memory(pid);
line(
  `memory, ${CLUSTERS} clusters of ${WORKERS}`,
  `${many.toFixed(0)} MB, ratio to idle ${(many / idle).toFixed(2)}, to once it has planned ${(many / planned).toFixed(2)}`,
);
await during('nothing happens', pid, () => delay(QUIET_MS));
await during('they end', pid, () => account.daskupOrFail('down', '--all', '--yes'));
line('machines left', String(await account.machinesLeft()));
console.log(
  `load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`,
);
process.exit(0);
