import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// How long the CLI takes to say something, against a Node that does nothing. Medians, in turn, in one run.
const ROUNDS = 15;
const home = mkdtempSync(join(tmpdir(), 'daskup-bench-'));
// Of the packages that come with daskup, whatever is activated here.
const env = { ...process.env, VIRTUAL_ENV: '', CONDA_PREFIX: '', DASKUP_HOME: home };
const bin = fileURLToPath(new URL('../packages/cli/bin/daskup.js', import.meta.url));

function seconds(args: string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return (performance.now() - started) / 1000;
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const cases = { nothing: ['-e', '0'], help: [bin, 'help'], ls: [bin, 'ls'] };
const times: Record<keyof typeof cases, number[]> = { nothing: [], help: [], ls: [] };
const names = Object.keys(cases) as (keyof typeof cases)[];
try {
  for (const name of names) seconds(cases[name]); // Starts the server and fills caches.
  for (let round = 0; round < ROUNDS; round++) for (const name of names) times[name].push(seconds(cases[name]));
  const nothing = median(times.nothing);
  for (const [name, wanted] of [
    ['help', 2],
    ['ls', 3],
  ] as const) {
    const own = median(times[name]);
    console.log(
      `daskup ${name}: ${(own * 1000).toFixed(0)} ms, node -e 0 ${(nothing * 1000).toFixed(0)} ms, ratio ${(own / nothing).toFixed(2)} (wanted: at most ${wanted})`,
    );
  }
} finally {
  const pid = execFileSync('curl', ['-s', '--unix-socket', join(home, 'server.sock'), 'http://daskup/health'], {
    encoding: 'utf8',
  });
  process.kill((JSON.parse(pid) as { pid: number }).pid, 'SIGTERM');
  rmSync(home, { recursive: true, force: true });
}
