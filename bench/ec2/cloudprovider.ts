import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installLocked } from '@daskup/emulators/locked-venv';
import { type Account, endGroup } from './account.ts';
import { ManyWorkers, type Site } from './many-workers.ts';

const PROGRAM = fileURLToPath(new URL('cloudprovider.py', import.meta.url));
const LOCK = fileURLToPath(new URL('cloudprovider-requirements.lock', import.meta.url));
const NAME = /^dask-(\w+)-(scheduler|worker)/;

/** The tag of its workers. */
export const HOLLOW = 'Name=dask-*-worker-*';

/** How an attempt ended: the seconds to the last worker, or why there was none. */
export type Outcome = { readonly seconds: number } | { readonly why: string };

/** dask-cloudprovider, in an environment of its own. */
export class Cloudprovider {
  readonly #venv: string;

  private constructor(venv: string) {
    this.#venv = venv;
  }

  /** Installs it the first time. */
  static async install(): Promise<Cloudprovider> {
    return new Cloudprovider(await installLocked('cloudprovider', LOCK));
  }

  /** The path that an emulator must be started with, so that its machines have what is in the container. */
  get path(): string {
    return `${join(this.#venv, 'bin')}:${process.env.PATH ?? ''}`;
  }

  /** Makes the security group that it expects to find. */
  async makeGroup(account: Account): Promise<void> {
    const [code] = await once(this.#run(account, ['group']), 'exit');
    if (code !== 0) throw new Error('its security group cannot be made');
  }

  /**
   * A cluster of so many workers, and its end.
   * @param isHollow whether the workers' processes are left out, and their workers run in one.
   * @param joined called when all are there.
   */
  async up(
    account: Account,
    workers: number,
    { isHollow, limitMs, joined }: { isHollow: boolean; limitMs: number; joined: () => void },
  ): Promise<Outcome> {
    const folder = mkdtempSync(join(tmpdir(), 'daskup-bench-'));
    const site: Site = {
      hollow: HOLLOW,
      place: ({ tags: { Name: name = '' } }) => {
        const [, cluster, role] = NAME.exec(name) ?? [];
        return cluster === undefined ? null : { isWorker: role === 'worker', cluster, name };
      },
      folder: () => folder,
    };
    await using _ = isHollow ? new ManyWorkers(account.ec2, join(this.#venv, 'bin/python'), site) : null;
    const started = performance.now();
    const child = this.#run(account, ['up', String(workers), folder]);
    const timer = setTimeout(() => endGroup(child), limitMs);
    let outcome: Outcome = { why: `not all had joined after ${limitMs / 1000} s` };
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith('failed: ')) outcome = { why: line.slice('failed: '.length) };
        if (line !== 'joined') continue;
        outcome = { seconds: (performance.now() - started) / 1000 };
        clearTimeout(timer);
        joined();
        child.stdin.end();
      }
      // It may have ended in a way of its own, with threads that wait for ever.
      await Promise.race([once(child, 'exit'), delay(5_000)]);
      return outcome;
    } finally {
      clearTimeout(timer);
      endGroup(child);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #run(account: Account, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
    return spawn(join(this.#venv, 'bin/python'), [PROGRAM, ...args], {
      env: account.env,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }
}
