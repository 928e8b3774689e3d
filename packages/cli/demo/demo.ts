import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { interpreterOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';

// A cluster's whole life as a newcomer would type it, in a home of its own that is removed at the end.
const home = mkdtempSync(join(tmpdir(), 'daskup-demo-'));
// Of the packages that come with daskup, whatever is activated here.
const env = { ...process.env, VIRTUAL_ENV: '', CONDA_PREFIX: '', DASKUP_HOME: home };
const DASKUP = fileURLToPath(new URL('../bin/daskup.js', import.meta.url));
const WORK = fileURLToPath(new URL('work.py', import.meta.url));

function run(command: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(command, args, { stdio: 'inherit', env: { ...env, ...extra } });
  child.on('error', reject);
  child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(' ')} ended with ${code}`))));
  return promise;
}

function daskup(line: string): Promise<void> {
  console.log(`\n$ daskup ${line}`);
  return run(process.execPath, [DASKUP, ...line.split(' ')]);
}

/** Ends the background server, which would else stay some minutes for the next command. */
async function endServer(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const call = request({ socketPath: join(home, 'server.sock'), path: '/health' }, async (response) => {
    const { pid } = JSON.parse((await response.toArray()).join('')) as { pid: number };
    resolve(pid);
  });
  call.on('error', () => resolve(null));
  call.end();
  const pid = await promise;
  if (pid === null) return;
  process.kill(pid, 'SIGTERM');
  for (let i = 0; i < 100 && readdirSync('/proc').includes(String(pid)); i++) await delay(50);
}

/** Every process that has anything to do with this demo's home, found without daskup's help. */
function processesLeft(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(home));
      } catch {
        return false; // Gone, or another user's.
      }
    });
}

const started = Date.now();
let failure: unknown = null;
try {
  await daskup('up 4 spot name=demo');
  await daskup('connect demo');
  const python = interpreterOf({ kind: 'managed' }, settingsFrom(env).cache) ?? 'no environment was made';
  console.log(`\n$ python work.py          # Client() with no arguments; a worker is taken back meanwhile`);
  const work = run(python, [WORK], { DASK_CONFIG: join(home, 'connections/demo.yaml') });
  work.catch(() => {}); // Awaited below, after the reclaim.
  await delay(2_000);
  await daskup('reclaim demo');
  await work;
  await daskup('scale demo 4');
  await daskup('status demo');
  await daskup('cost today by type');
  await daskup('down demo');
} catch (error) {
  failure = error;
  await daskup('down demo').catch(() => {});
} finally {
  await endServer();
}

const left = processesLeft();
console.log(
  `\nprocesses left: ${left.length === 0 ? 'none' : left.join(' ')}   (${Math.round((Date.now() - started) / 1000)} s in all)`,
);
rmSync(home, { recursive: true, force: true });
if (failure) console.error(`demo: ${failure instanceof Error ? failure.message : failure}`);
process.exitCode = failure || left.length > 0 ? 1 : 0;
