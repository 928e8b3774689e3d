import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { interpreterOf } from '@daskup/dask/environment';
import { PACES } from '@daskup/emulators/ec2/lifecycle';
import { type Ec2, type Options, startEc2 } from '@daskup/emulators/ec2/start';
import { settingsFrom } from '@daskup/server/settings';
import { ManyWorkers, type Site } from './many-workers.ts';

export const REGION = 'eu-west-2';

const BIN = fileURLToPath(new URL('../../packages/cli/bin/daskup.js', import.meta.url));
/** For what EC2 takes seconds for. */
const ENDED_MS = 120_000;
const LOOK_MS = 200;

/** Machines of daskup's, as {@link ManyWorkers} wants to know them. */
const SITE: Site = {
  hollow: 'daskup:role=worker',
  place: ({ id, tags }) => {
    const [role, cluster] = [tags['daskup:role'], tags['daskup:cluster-id']];
    return role === undefined || cluster === undefined ? null : { isWorker: role === 'worker', cluster, name: id };
  },
  folder: (scheduler) => globSync(join(tmpdir(), 'daskup-ec2-*', scheduler.id, 'var/lib/daskup'))[0] ?? null,
};

export interface Done {
  readonly code: number | null;
  readonly seconds: number;
  readonly output: string;
}

/** An account that EC2 has never seen, on an EC2 with the throttles and the delays of the real one; and a home that daskup has never seen. */
export class Account {
  readonly ec2: Ec2;
  readonly home = mkdtempSync(join(tmpdir(), 'daskup-bench-'));
  readonly env: NodeJS.ProcessEnv;

  private constructor(ec2: Ec2) {
    this.ec2 = ec2;
    this.env = { ...process.env, ...ec2.env, DASKUP_HOME: this.home };
  }

  static async open(options: Options = {}): Promise<Account> {
    return new Account(await startEc2({ pace: PACES.ec2, ...options }));
  }

  /** Machines share their software, which the first of them makes: nobody's time is to count that. */
  static async makeSoftware(): Promise<void> {
    if (interpreterOf({ kind: 'managed' }, settingsFrom(process.env).cache) !== null) return;
    await using account = await Account.open();
    await account.daskupOrFail('up', '1', 'spot', REGION, 'name=bench');
    await account.daskupOrFail('down', 'bench');
  }

  /** Where daskup's workers run by the hundred in one process. */
  static async openHollow(): Promise<Account> {
    return Account.open({ hollow: SITE.hollow });
  }

  /** Joins daskup's hollow machines as they boot. */
  workers(): ManyWorkers {
    const python = interpreterOf({ kind: 'managed' }, settingsFrom(this.env).cache);
    if (python === null) throw new Error('no machine has made a software environment yet');
    return new ManyWorkers(this.ec2, python, SITE);
  }

  /** The CLI, in a process of its own. */
  async daskup(...words: string[]): Promise<Done> {
    const started = performance.now();
    const child = spawn(process.execPath, [BIN, ...words], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, seconds: (performance.now() - started) / 1000, output: output + errors };
  }

  /** @throws {Error} when it does not work out. */
  async daskupOrFail(...words: string[]): Promise<Done> {
    const done = await this.daskup(...words);
    if (done.code !== 0) throw new Error(`daskup ${words.join(' ')}: ${done.output}`);
    return done;
  }

  /** The process of the server that the CLI has started. */
  async serverPid(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    request({ socketPath: join(this.home, 'server.sock'), path: '/health' }, async (answer) =>
      resolve((JSON.parse(await text(answer)) as { pid: number }).pid),
    )
      .on('error', reject)
      .end();
    return promise;
  }

  calls(): Readonly<Record<string, number>> {
    return this.ec2.control.calls()[REGION] ?? {};
  }

  throttled(): Readonly<Record<string, number>> {
    return this.ec2.control.throttled()[REGION] ?? {};
  }

  /** Machines that are not terminated, once they have had their time for it. */
  async machinesLeft(): Promise<number> {
    const left = () => this.ec2.control.state().instances.filter(({ state }) => state !== 'terminated').length;
    for (const end = Date.now() + ENDED_MS; left() > 0 && Date.now() < end; ) await delay(LOOK_MS);
    return left();
  }

  /** Ends the server, if there is one; the next command starts another. */
  async endServer(): Promise<void> {
    const pid = await this.serverPid().catch(() => null);
    if (pid === null) return;
    process.kill(pid, 'SIGTERM');
    while (isAlive(pid)) await delay(LOOK_MS);
  }

  /** Ends its server and all machines. */
  async [Symbol.asyncDispose]() {
    await this.endServer();
    await this.ec2.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Ends a process group that this one has started. */
export function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
