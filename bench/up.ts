import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueCredentials } from '@daskup/dask/certificates';
import { interpreterOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';

// `daskup up N` until N have joined, against a plain shell script that starts the same scheduler and workers over TLS.
// Both have the thread limits that Dask's nanny would set, and end when the last worker is registered. In turn, in one
// run; the ratio is the median of the rounds' ratios, since a machine that others share is faster and slower by the minute.
const ROUNDS = 7;
const home = mkdtempSync(join(tmpdir(), 'daskup-bench-'));
// Of the packages that come with daskup, whatever is activated here.
const env = { ...process.env, VIRTUAL_ENV: '', CONDA_PREFIX: '', DASKUP_HOME: home };
const bin = fileURLToPath(new URL('../packages/cli/bin/daskup.js', import.meta.url));
const daskup = (...args: string[]) =>
  execFileSync(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });

const credentials = await issueCredentials('bench', new Date(), 3600);
for (const [name, text] of Object.entries({
  'ca.pem': credentials.ca.cert,
  'cert.pem': credentials.worker.cert,
  'key.pem': credentials.worker.key,
})) {
  writeFileSync(join(home, name), text, { mode: 0o600 });
}
writeFileSync(
  join(home, 'plain.sh'),
  `cd ${home}
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
tls="--protocol tls --tls-ca-file ca.pem --tls-cert cert.pem --tls-key key.pem"
$3 -m distributed.cli.dask_scheduler $tls --host 127.0.0.1 --port $2 --dashboard-address 127.0.0.1:0 >scheduler.log 2>&1 &
for ((i = 0; i < $1; i++)); do
  $3 -m distributed.cli.dask_worker tls://127.0.0.1:$2 $tls --no-nanny --nthreads 1 --host 127.0.0.1 --dashboard-address 127.0.0.1:0 >/dev/null 2>&1 &
done
until [[ $(grep -c 'Register worker' scheduler.log) == "$1" ]]; do sleep 0.05; done
`,
);

/** Seconds until the script says that all have joined; its processes are ended, by their group, afterwards. */
async function plain(workers: number, port: number): Promise<number> {
  const started = performance.now();
  const python = interpreterOf({ kind: 'managed' }, settingsFrom(env).cache) ?? 'no environment was made';
  const child = spawn('bash', ['plain.sh', String(workers), String(port), python], {
    cwd: home,
    detached: true,
    stdio: 'ignore',
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on('exit', () => resolve());
  const timer = setTimeout(resolve, 120_000);
  await promise;
  clearTimeout(timer);
  const seconds = (performance.now() - started) / 1000;
  if (child.pid) process.kill(-child.pid, 'SIGKILL');
  return seconds;
}

function withServer(workers: number): number {
  const started = performance.now();
  daskup('up', String(workers), 'name=bench', 'quorum=100%');
  const seconds = (performance.now() - started) / 1000;
  daskup('down', 'bench');
  return seconds;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  const cold = withServer(4);
  for (const workers of [4, 16]) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await plain(workers, 20_000 + workers * 100 + round));
      ours.push(withServer(workers));
    }
    const ratio = median(ours.map((own, round) => own / (theirs[round] ?? Number.NaN)));
    console.log(
      `up ${workers}: ${median(ours).toFixed(2)} s, plain shell script ${median(theirs).toFixed(2)} s, ratio ${ratio.toFixed(2)} (wanted: at most 1.15)`,
    );
  }
  console.log(`up 4 from cold, which starts the server: ${cold.toFixed(2)} s`);
} finally {
  const pid = execFileSync('curl', ['-s', '--unix-socket', join(home, 'server.sock'), 'http://daskup/health'], {
    encoding: 'utf8',
  });
  process.kill((JSON.parse(pid) as { pid: number }).pid, 'SIGTERM');
  rmSync(home, { recursive: true, force: true });
}
