import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { Answer, Result } from '@daskup/core/answer';
import type { ClusterView } from '@daskup/core/observe/view';
import { interpreterOf } from '@daskup/dask/environment';
import type { Ec2 } from '@daskup/emulators/ec2/start';
import { socketOf } from '../home.ts';
import { settingsFrom } from '../settings.ts';

/** What goes wrong with a server from its start. */
export interface Faults {
  /** It is killed at this step of all its changes: each has one before it takes effect and one after. */
  readonly dieAtStep?: number;
  /** How far its clock is ahead; milliseconds. */
  readonly aheadMs?: number;
  /** No machine ends by itself. */
  readonly noTimers?: boolean;
  /** How long a scheduler waits for a sign of a worker, such as `4s`, in place of Dask's five minutes. */
  readonly workerTtl?: string;
  /** The scheduler's port of the cluster of this name is another program's by the time it boots. */
  readonly portTakenOf?: string;
}

/** What a running server may be told. */
export interface Order {
  readonly aheadMs?: number;
  /** Its clusters are over from now on, though their machines run. */
  readonly forget?: true;
}

/** What it answers to any order. */
export interface Report {
  readonly steps: number;
  readonly ledger: readonly LedgerEntry[];
}

/** The server died, or was not there, before it had answered. */
export class Cut extends Error {}

const FAULTY = fileURLToPath(new URL('faulty-server.ts', import.meta.url));
/** Longer than real Dask takes for anything on a machine that has too much to do; milliseconds. */
const PATIENCE_MS = 120_000;

/** A home of a test's own, a server process on it, and whoever speaks to that over its socket. */
export class Server {
  readonly home = mkdtempSync(join(tmpdir(), 'daskup-faults-'));
  readonly #ec2: Ec2 | null;
  #process: ChildProcess | null = null;
  #log = '';

  /** @param ec2 the EC2 that it meets, if any. */
  constructor(ec2: Ec2 | null = null) {
    this.#ec2 = ec2;
  }

  /** Starts it, and waits until it listens. */
  async start(faults: Faults = {}, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const child = spawn(process.execPath, [FAULTY, JSON.stringify(faults)], {
      env: { ...process.env, ...this.#ec2?.env, DASKUP_HOME: this.home, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
      this.#log += chunk;
    });
    this.#process = child;
    await until(
      () => said,
      (text) => text.includes('listening') || child.exitCode !== null || child.signalCode !== null,
    );
    if (!said.includes('listening')) throw new Error(`it did not start: ${said}`);
  }

  get isDead(): boolean {
    return this.#process === null || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async tell(order: Order = {}): Promise<Report> {
    if (!this.#process) throw new Cut('no server');
    const answer = once(this.#process, 'message');
    this.#process.send(order);
    const [report] = (await answer) as [Report];
    return report;
  }

  /**
   * One command's last answer.
   * @throws {Cut} when there is no server, or none any more.
   * @throws {Error} the message of an error that was answered.
   */
  async say<V extends Result['verb']>(line: string): Promise<Extract<Result, { readonly verb: V }>> {
    const text = await this.#post(JSON.stringify({ line, user: 'ada', environment: null }));
    const last = text.trimEnd().split('\n').at(-1) ?? '';
    if (!text.endsWith('\n')) throw new Cut(`cut off: ${last}`);
    const answer = JSON.parse(last) as Answer;
    if (answer.type === 'progress') throw new Cut('cut off in the middle');
    if (answer.type === 'error') throw new Error(answer.message);
    return answer.result as Extract<Result, { readonly verb: V }>;
  }

  /** The cluster, once it is as it should be. */
  async until(name: string, good: (view: ClusterView) => boolean): Promise<ClusterView> {
    return until(async () => (await this.say<'status'>(`status ${name}`)).cluster, good, this.#log);
  }

  /** Runs Python with nothing but the cluster's connection; returns what it prints. */
  async python(cluster: string, code: string): Promise<string> {
    const { yaml } = await this.say<'connect'>(`connect ${cluster}`);
    const config = join(this.home, `${cluster}.yaml`);
    writeFileSync(config, yaml, { mode: 0o600 });
    const interpreter = interpreterOf({ kind: 'managed' }, settingsFrom(process.env).cache) ?? 'none was made';
    const env = { DASK_CONFIG: config, PATH: '/usr/bin:/bin' };
    return (await promisify(execFile)(interpreter, ['-c', code], { env, timeout: PATIENCE_MS })).stdout.trim();
  }

  /** Ids of all machines that ever were; of an EC2 also other servers'. */
  get machines(): readonly string[] {
    if (this.#ec2) return this.#ec2.control.state().instances.map(({ id }) => id);
    try {
      return readdirSync(join(this.home, 'local/machines')).filter((name) => /^m-[0-9a-f]{10}$/.test(name));
    } catch {
      return [];
    }
  }

  /** Pid of a machine's first process, which leads the group of all of them. */
  leaderOf(id: string): number {
    const claim = readFileSync(join(this.home, 'local/machines', id, 'boot.sh.claim'), 'utf8');
    return (JSON.parse(claim) as { readonly pid: number }).pid;
  }

  /** Pids of the processes of these machines that run. */
  processes(ids = this.machines): readonly number[] {
    const isTheirs = (line: string) =>
      line.startsWith('DASKUP_DIR=') && line.split('/').some((part) => ids.includes(part));
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && environmentOf(pid).some(isTheirs));
  }

  /** Waits until no process of these machines is left; returns how many seconds that took. */
  async gone(ids = this.machines): Promise<number> {
    const started = Date.now();
    await until(
      () => this.processes(ids),
      (left) => left.length === 0,
      this.#log,
    );
    return (Date.now() - started) / 1000;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the server and every machine, and forgets the home. */
  async close(): Promise<void> {
    await this.stop();
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process === null || this.isDead) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exited;
  }

  #post(body: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = { 'content-type': 'application/json' };
    const options = { socketPath: socketOf(this.home), path: '/commands', method: 'POST', headers };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', (error) => reject(new Cut(error.message)));
      response.on('end', () => resolve(text));
    });
    call.on('error', (error) => reject(new Cut(error.message)));
    call.end(body);
    return promise;
  }
}

/** Asks again until the answer is good. */
export async function until<T>(ask: () => T | Promise<T>, good: (value: T) => boolean, context = ''): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (true) {
    const value = await ask();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}\n${context}`);
    await delay(50);
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // It is gone, or another user's.
  }
}
