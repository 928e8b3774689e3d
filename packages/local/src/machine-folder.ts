import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '@daskup/core/provision/provider';
import { isCode } from '@daskup/core/system-error';
import * as z from 'zod/mini';
import { Birth } from './birth.ts';
import { bootId, CLAIM, isGroupAlive, killGroup, NO_GROUP, ProcessGroup } from './process-group.ts';
import { environmentFrom } from './start.ts';
import { draftOf, readIfThere, writeOnce } from './write-once.ts';

/** How much of the end of a boot log is kept in memory to read an end's reason from; bytes. */
const TAIL_BYTES = 4096;
/** A machine gives a sign of life at least this often, with room for a computer that has too much to do; milliseconds. */
const SIGN_EVERY_MS = 10_000;
/** Between a spot notice and the end; seconds. EC2 gives 120, Compute Engine 30: nobody wants to wait for those here. */
export const NOTICE_SECONDS = 10;

const End = z.object({ at: z.number(), reason: z.string() });
type End = z.infer<typeof End>;

/** `shutdown` as the boot script finds it: on a VM it terminates the machine, here the process group that calls it. */
const SHUTDOWN = `#!/bin/bash
: >"$DASKUP_DIR/stopping"
kill -KILL -- "-$DASKUP_GROUP"
`;

/** It looks every half second whether the machine has gone by itself, as one that was emptied does. */
const RECLAIM = `
for ((i = 0; i < $2 * 2; i++)); do sleep 0.5; kill -0 -- "-$1" || exit; done
kill -KILL -- "-$1"
`;

/** One machine on disk: everything about it is found again from its folder, by any process, at any time. */
export class MachineFolder {
  readonly path: string;
  /** Its appearance is a spot notice. */
  readonly notice: string;
  /** A variable that all the machine's processes are started with. */
  readonly #mark: string;
  /** What cannot change any more, once read: often asked of many machines, most of them over. */
  #birth: Birth | null = null;
  #over: Machine | null = null;

  constructor(path: string) {
    this.path = path;
    this.notice = join(path, 'notice');
    this.#mark = `DASKUP_DIR=${path}`;
  }

  /**
   * Makes the folder whole in one step, or finds that it is there already. The machine is not started by this; whoever then
   * claims the folder first is the machine, any other leaves. Without leaving the thread: a few small files are written
   * sooner than handed to another one, all the more while machines that boot have every core.
   */
  make(birth: Birth, script: string): void {
    if (existsSync(this.path)) return;
    const draft = draftOf(this.path);
    mkdirSync(join(draft, 'bin'), { recursive: true, mode: 0o700 });
    writeFileSync(join(draft, 'tags.json'), JSON.stringify(birth));
    writeFileSync(join(draft, 'boot.sh'), `${CLAIM}export DASKUP_GROUP=$$\n${script}`, { mode: 0o700 });
    writeFileSync(join(draft, 'bin/shutdown'), SHUTDOWN, { mode: 0o700 });
    try {
      renameSync(draft, this.path);
    } catch (error) {
      rmSync(draft, { recursive: true });
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }

  /** Whether somebody has claimed to be this machine: it was started, or ended before it could be. */
  isClaimed(): Promise<boolean> {
    return exists(this.#claim);
  }

  /** The machine as it is now; null for a folder that is none. Writes its end down when it finds that it has ended. */
  async read(now: number): Promise<Machine | null> {
    if (this.#over) return this.#over;
    const [birth, group, recorded, stopping, reclaimed] = await Promise.all([
      this.#birth ?? this.#parsed('tags.json', Birth),
      this.#group(),
      this.#parsed('ended', End),
      exists(this.#stopping),
      exists(this.notice),
    ]);
    if (!birth) return null;
    this.#birth = birth;
    const gone = group !== null && (recorded !== null || !isGroupAlive(group, this.#mark));
    const end = gone ? (recorded ?? (await this.#recordEnd(group, now))) : null;
    const machine: Machine = {
      id: birth.id,
      tags: birth.tags,
      offer: birth.offer,
      address: birth.address,
      launchedAt: birth.launchedAt,
      state: end ? 'terminated' : stopping ? 'stopping' : group ? 'running' : 'pending',
      // One that was ended before it could start is not billed.
      runningAt: group && group.pid !== NO_GROUP.pid ? birth.launchedAt : null,
      endedAt: end?.at ?? null,
      endReason: end?.reason ?? '',
      reclaimed,
    };
    if (end) this.#over = machine;
    return machine;
  }

  /** Ends the machine now, whatever it does; one that was never started never will be. One that has ended stays as it is. */
  async kill(reason: string): Promise<void> {
    // Claimed in its place, it cannot be started any more by a replay of its launch.
    await writeOnce(this.#claim, JSON.stringify(NO_GROUP));
    const group = await this.#group();
    if (!group || !isGroupAlive(group, this.#mark)) return;
    await writeOnce(this.#stopping, reason);
    killGroup(group, this.#mark);
  }

  /**
   * Gives notice, and ends the machine {@link NOTICE_SECONDS} later even if this process is gone by then.
   * @throws {Error} when no process can be started that would do so.
   */
  async reclaim(): Promise<void> {
    await writeFile(this.notice, '');
    const group = await this.#group();
    if (!group || !isGroupAlive(group, this.#mark)) return;
    const child = spawn('/bin/bash', ['-c', RECLAIM, 'reclaim', String(group.pid), String(NOTICE_SECONDS)], {
      detached: true,
      stdio: 'ignore',
      env: environmentFrom(process.env),
    });
    child.unref();
    await once(child, 'spawn');
  }

  /** What it printed so far; empty when it printed nothing. */
  async bootLog(): Promise<string> {
    return (await readIfThere(this.#log)) ?? '';
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  get #claim(): string {
    return join(this.path, 'boot.sh.claim');
  }

  /** Its end was asked for, when it was written: by a reason, or without one by the machine's own `shutdown`. */
  get #stopping(): string {
    return join(this.path, 'stopping');
  }

  get #log(): string {
    return join(this.path, 'boot.log');
  }

  /** Who the machine is; null while nobody has claimed to be. */
  async #group(): Promise<ProcessGroup | null> {
    if (!(await this.isClaimed())) return null;
    // Written whole, it can only have been lost with the power, and the machine with it.
    return (await this.#parsed('boot.sh.claim', ProcessGroup)) ?? NO_GROUP;
  }

  /** The first end that is written stands. */
  async #recordEnd(group: ProcessGroup, now: number): Promise<End> {
    const [asked, alive] = await Promise.all([this.#stopping, join(this.path, 'alive')].map(changedAt));
    // One that was killed is gone by now; nobody may have looked for long, but it gave signs of life until then.
    const at = asked ?? Math.min(now, (alive ?? now) + SIGN_EVERY_MS);
    const end: End = { at, reason: await this.#reason(group) };
    await writeOnce(join(this.path, 'ended'), JSON.stringify(end));
    return (await this.#parsed('ended', End)) ?? end;
  }

  /** Why it ended: asked to, taken back, or by its own last word; without one, somebody else ended its processes. */
  async #reason(group: ProcessGroup): Promise<string> {
    const asked = await readIfThere(this.#stopping);
    if (asked) return asked;
    if (await exists(this.notice)) return 'spot reclaim';
    const said = [...(await this.#tail()).matchAll(/^daskup: \d+s ending: (.*)$/gm)].at(-1)?.[1];
    if (said !== undefined) return said;
    if (group.pid === NO_GROUP.pid) return 'ended before it was started';
    return group.boot === bootId ? 'its processes were killed' : 'this computer was restarted';
  }

  async #tail(): Promise<string> {
    const file = await open(this.#log).catch(() => null);
    if (!file) return '';
    await using log = file;
    const { size } = await log.stat();
    const position = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await log.read({ position, buffer: Buffer.alloc(TAIL_BYTES) });
    return buffer.toString('utf8', 0, bytesRead);
  }

  /** What a file of the machine's holds; null when it is not there, or is not what it should be. */
  async #parsed<Schema extends z.core.$ZodType>(name: string, schema: Schema): Promise<z.infer<Schema> | null> {
    const text = await readIfThere(join(this.path, name));
    if (text === null) return null;
    try {
      return z.parse(schema, JSON.parse(text));
    } catch {
      return null;
    }
  }
}

/** When the file was last written, milliseconds since 1970, UTC; null when there is none. */
function changedAt(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => Math.round(mtimeMs),
    () => null,
  );
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
