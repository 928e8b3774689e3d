import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';

/**
 * A process group that cannot be mistaken for another: a pid is used again after its process is gone, but not with the
 * same start (clock ticks since the kernel's start) under the same kernel's run.
 */
export const ProcessGroup = z.object({ pid: z.number(), start: z.string(), boot: z.string() });
export type ProcessGroup = z.infer<typeof ProcessGroup>;

/** A group that never was and never will be. */
export const NO_GROUP: ProcessGroup = { pid: 0, start: '', boot: '' };

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Which run of the kernel this is. */
export const bootId = readFileSync(BOOT_ID, 'utf8').trim();

/**
 * Lines of bash by which a group's leader writes down who it is, in `<script>.claim`. A hard link, so that the file is
 * there whole or not at all, and whoever comes second finds it taken and leaves.
 */
export const CLAIM = `
{
  read -r line </proc/$$/stat; set -- \${line##*) }
  read -r boot <${BOOT_ID}
  printf '{"pid":%d,"start":"%s","boot":"%s"}' "$$" "\${20}" "$boot" >"$0.$$" && ln "$0.$$" "$0.claim"
} 2>/dev/null || exit 0
set --
`;

/**
 * True while any process of the group lives: its leader may be dead and its children not.
 * @param mark a `NAME=value` that every process of the group was started with. Once the leader is gone it tells the group
 *   from a later one whose leader got the same pid and is gone too.
 */
export function isGroupAlive(group: ProcessGroup, mark: string): boolean {
  if (group.pid <= 1 || group.boot !== bootId) return false;
  const leader = statOf(group.pid);
  if (leader && leader.start !== group.start) return false;
  if (leader && !leader.zombie) return true;
  if (!answers(group.pid)) return false;
  const members = membersOf(group.pid);
  // While a leader's zombie is there, nobody else can have its pid.
  return leader ? members.length > 0 : members.some((pid) => wasStartedWith(pid, mark));
}

/** Ends every process of the group at once. Does nothing when it is gone, and never touches another. */
export function killGroup(group: ProcessGroup, mark: string): void {
  if (!isGroupAlive(group, mark)) return;
  try {
    process.kill(-group.pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

/** Whether there is any process in the group, zombies included: cheap, and nearly always no once the leader is gone. */
function answers(pgid: number): boolean {
  try {
    process.kill(-pgid, 0);
    return true;
  } catch {
    return false; // None, or another user's: not ours either way.
  }
}

/** The group's processes that are no zombies. Under a first process that reaps nobody, zombies stay for ever. */
function membersOf(pgid: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const stat = statOf(pid);
    return stat && stat.pgid === pgid && !stat.zombie ? [pid] : [];
  });
}

/** Fields of /proc/<pid>/stat (proc(5)): state, pgrp and starttime; null when there is no such process. */
function statOf(pid: number): { readonly zombie: boolean; readonly pgid: number; readonly start: string } | null {
  const text = readProc(pid, 'stat');
  // The second field, the command in brackets, may hold anything.
  const [state, , pgid, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = rest[16];
  return start === undefined ? null : { zombie: state === 'Z' || state === 'X', pgid: Number(pgid), start };
}

function wasStartedWith(pid: number, mark: string): boolean {
  return readProc(pid, 'environ').split('\0').includes(mark);
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // It has gone in between.
  }
}
