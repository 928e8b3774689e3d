import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Offer } from '@daskup/core/plan/offer';
import type { Machine, MachineTags } from '@daskup/core/provision/provider';
import * as z from 'zod/mini';
import { CLAIM, isGroupAlive, killGroup, ProcessGroup } from './process-group.ts';

/** How much of the end of a boot log is kept in memory to read an end's reason from; bytes. */
const TAIL_BYTES = 4096;
/** Between a spot notice and the end; seconds. EC2 gives 120, Compute Engine 30: nobody wants to wait for those here. */
export const NOTICE_SECONDS = 10;

const Tags = z.object({
  installation: z.string(),
  clusterId: z.string(),
  clusterName: z.string(),
  owner: z.string(),
  region: z.string(),
  role: z.enum(['scheduler', 'worker']),
  expiresAt: z.number(),
  token: z.string(),
});

const StoredOffer = z.object({
  provider: z.string(),
  region: z.string(),
  zone: z.string(),
  type: z.string(),
  market: z.enum(['on-demand', 'spot']),
  architecture: z.enum(['x86_64', 'arm64']),
  vcpus: z.number(),
  memoryGiB: z.number(),
  gpus: z.number(),
  ssdGiB: z.number(),
  microsPerHour: z.number(),
  minimumSeconds: z.number(),
});

/** What a machine carries from its first moment, as a VM carries tags. */
const Birth = z.object({ id: z.string(), tags: Tags, offer: StoredOffer, address: z.string(), launchedAt: z.number() });
type Birth = {
  readonly id: string;
  readonly tags: MachineTags;
  readonly offer: Offer;
  readonly address: string;
  readonly launchedAt: number;
};

const End = z.object({ at: z.number(), reason: z.string() });
type End = z.infer<typeof End>;

/** `shutdown` as the boot script finds it: on a VM it terminates the machine, here the process group that calls it. */
const SHUTDOWN = `#!/bin/bash
: >"$DASKUP_DIR/stopped"
kill -KILL -- "-$DASKUP_GROUP"
`;

/** One machine on disk: everything about it is found again from its folder, by any process, at any time. */
export class MachineFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder whole in one step, or finds that it is there already. The machine is not started by this. */
  async make(birth: Birth, script: string): Promise<void> {
    if (await exists(this.path)) return;
    const draft = `${this.path}.${randomBytes(4).toString('hex')}.new`;
    await mkdir(join(draft, 'bin'), { recursive: true, mode: 0o700 });
    await Promise.all([
      writeFile(join(draft, 'tags.json'), JSON.stringify(birth)),
      writeFile(join(draft, 'boot.sh'), `${CLAIM}\n${script}`, { mode: 0o700 }),
      writeFile(join(draft, 'bin/shutdown'), SHUTDOWN, { mode: 0o700 }),
    ]);
    await rename(draft, this.path).catch(async (error: NodeJS.ErrnoException) => {
      await rm(draft, { recursive: true });
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  }

  /** Starts the machine unless it was started before: whoever claims the folder first is the machine, any other leaves. */
  start(): void {
    const log = openSync(join(this.path, 'boot.log'), 'a', 0o600);
    const path = `${join(this.path, 'bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`;
    const child = spawn('/bin/bash', [join(this.path, 'boot.sh')], {
      detached: true,
      cwd: this.path,
      stdio: ['ignore', log, log],
      env: { PATH: path, HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' },
    });
    child.on('error', () => {}); // Seen as a machine that never claimed its folder, and started again by the next replay.
    child.unref();
    closeSync(log);
  }

  /** The machine as it is now; null for a folder that is none. Writes its end down when it finds that it has ended. */
  async read(now: number): Promise<Machine | null> {
    const birth = await this.#json('tags.json', Birth);
    if (!birth) return null;
    const [group, recorded, noticed] = await Promise.all([
      this.#json('boot.sh.claim', ProcessGroup),
      this.#json('ended', End),
      exists(join(this.path, 'notice')),
    ]);
    const alive = !recorded && group !== null && isGroupAlive(group);
    const ended = recorded ?? (group && !alive ? await this.#recordEnd(now) : null);
    return {
      id: birth.id,
      tags: birth.tags,
      offer: birth.offer,
      address: birth.address,
      launchedAt: birth.launchedAt,
      state: ended ? 'terminated' : group ? 'running' : 'pending',
      runningAt: birth.launchedAt,
      endedAt: ended?.at ?? null,
      endReason: ended?.reason ?? '',
      reclaimed: noticed,
    };
  }

  /** Ends the machine now, whatever it does; one that was never started never will be. */
  async kill(now: number, reason: string): Promise<void> {
    if (!(await exists(this.path))) return;
    // Claimed in its place, it cannot be started any more by a replay of its launch.
    await writeFile(join(this.path, 'boot.sh.claim'), JSON.stringify({ pid: 0, start: '', boot: '' }), {
      flag: 'wx',
    }).catch(() => {});
    const group = await this.#json('boot.sh.claim', ProcessGroup);
    if (group && group.pid > 1) killGroup(group);
    await this.#writeEnd({ at: now, reason });
  }

  /** Gives notice, and ends the machine {@link NOTICE_SECONDS} later even if this process is gone by then. */
  async notice(): Promise<void> {
    await writeFile(join(this.path, 'notice'), '');
    const group = await this.#json('boot.sh.claim', ProcessGroup);
    if (!group || !isGroupAlive(group)) return;
    // It looks every half second whether the machine has gone by itself, as one that was emptied does.
    const script = `for ((i = 0; i < $2 * 2; i++)); do sleep 0.5; kill -0 -- "-$1" || exit; done; kill -KILL -- "-$1"`;
    spawn('/bin/bash', ['-c', script, 'reclaim', String(group.pid), String(NOTICE_SECONDS)], {
      detached: true,
      stdio: 'ignore',
    }).unref();
  }

  bootLog(): Promise<string> {
    return readFile(join(this.path, 'boot.log'), 'utf8').catch(() => '');
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  async #recordEnd(now: number): Promise<End> {
    // A machine that shut itself down knows when; of any other only this is known, that it is gone by now.
    const stopped = await stat(join(this.path, 'stopped')).catch(() => null);
    return this.#writeEnd({ at: stopped ? Math.round(stopped.mtimeMs) : now, reason: await this.#reason() });
  }

  /** The first end that is written stands. */
  async #writeEnd(end: End): Promise<End> {
    const draft = join(this.path, `ended.${randomBytes(4).toString('hex')}.new`);
    await writeFile(draft, JSON.stringify(end));
    const path = join(this.path, 'ended');
    if (await exists(path)) await rm(draft);
    else await rename(draft, path);
    return (await this.#json('ended', End)) ?? end;
  }

  /** Why it ended: taken back, or the boot script's own last word; without one, somebody else ended its processes. */
  async #reason(): Promise<string> {
    if (await exists(join(this.path, 'notice'))) return 'spot reclaim';
    const file = await open(join(this.path, 'boot.log')).catch(() => null);
    if (!file) return 'its processes are gone';
    await using log = file;
    const { size } = await log.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await log.read({ position: start, buffer: Buffer.alloc(size - start) });
    const said = [...buffer.toString('utf8', 0, bytesRead).matchAll(/^daskup: \d+s ending: (.*)$/gm)].at(-1)?.[1];
    return said ?? 'its processes were killed';
  }

  async #json<Schema extends z.core.$ZodType>(name: string, schema: Schema): Promise<z.infer<Schema> | null> {
    const text = await readFile(join(this.path, name), 'utf8').catch(() => null);
    if (text === null) return null;
    try {
      return z.parse(schema, JSON.parse(text));
    } catch {
      return null; // Half-written: the next read finds it whole.
    }
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
