import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interpreterOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';

const BIN = fileURLToPath(new URL('../../bin/daskup.js', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A person's shell on a home of a test's own: the real program, and the background server it starts. */
export class Shell {
  readonly home = mkdtempSync(join(tmpdir(), 'daskup-shell-'));
  /** Its variables. Whatever is activated in the shell that runs the tests is not in this one. */
  readonly env: NodeJS.ProcessEnv;

  /** @param exported what this person has exported besides. */
  constructor(exported: NodeJS.ProcessEnv = {}) {
    this.env = { ...process.env, VIRTUAL_ENV: '', CONDA_PREFIX: '', DASKUP_HOME: this.home, ...exported };
  }

  /** The same home as another computer has it that shares its server, as over SSH. */
  from(exported: NodeJS.ProcessEnv): Pick<Shell, 'daskup'> {
    return { daskup: (...args) => this.#run({ ...this.env, ...exported }, args) };
  }

  daskup(...args: string[]): Promise<Ended> {
    return this.#run(this.env, args);
  }

  #run(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const child = execFile(process.execPath, [BIN, ...args], { env, timeout: 200_000 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
    });
    child.stdin?.end();
    return promise;
  }

  /** A line as it is typed after `daskup `, of words without spaces in them. */
  line(words: string): Promise<Ended> {
    return this.daskup(...words.split(' '));
  }

  /** Processes that know this home, by pid: its server and its machines. */
  processes(): readonly number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid && knows(pid, this.home));
  }

  serverPid(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const call = request({ socketPath: join(this.home, 'server.sock'), path: '/health' }, async (response) => {
      const { pid } = JSON.parse((await response.toArray()).join('')) as { pid: number };
      resolve(pid);
    });
    call.on('error', reject);
    call.end();
    return promise;
  }

  /** Waits until no process of this home is left; returns how many seconds that took. */
  async gone(): Promise<number> {
    const started = Date.now();
    while (this.processes().length > 0) {
      if (Date.now() - started > 60_000) throw new Error(`still there: ${this.processes().join(' ')}`);
      await delay(50);
    }
    return (Date.now() - started) / 1000;
  }

  /**
   * Runs Python with nothing but the cluster's connection.
   * @returns what it prints, without blanks around it.
   * @throws {Error} when the cluster is not to be connected to, or Python fails.
   */
  async python(cluster: string, code: string): Promise<string> {
    const { out, err } = await this.daskup('connect', cluster, '--json');
    if (out === '') throw new Error(err);
    const { path } = JSON.parse(out) as { path: string };
    const interpreter = interpreterOf({ kind: 'managed' }, settingsFrom(process.env).cache) ?? 'none was made';
    const env = { DASK_CONFIG: path, PATH: '/usr/bin:/bin' };
    return (await promisify(execFile)(interpreter, ['-c', code], { env, timeout: 100_000 })).stdout.trim();
  }

  /** Ends everything, and forgets the home. */
  async close(): Promise<void> {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await this.gone();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function knows(pid: number, home: string): boolean {
  try {
    return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(home));
  } catch {
    return false; // It is gone, or another user's.
  }
}
