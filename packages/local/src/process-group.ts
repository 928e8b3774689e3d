import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';

/**
 * A process group that cannot be mistaken for another: a pid is used again after its process is gone, but not with the
 * same start (clock ticks since the kernel's start) under the same kernel's run.
 */
export const ProcessGroup = z.object({ pid: z.number(), start: z.string(), boot: z.string() });
export type ProcessGroup = z.infer<typeof ProcessGroup>;

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Lines of bash by which a group's leader writes down who it is; the file is there whole or not at all, and only once. */
export const CLAIM = `
set -o noclobber
{
  read -r line </proc/$$/stat; line=\${line##*) }; set -- $line
  read -r boot <${BOOT_ID}
  printf '{"pid":%d,"start":"%s","boot":"%s"}' "$$" "\${20}" "$boot" >"$0.claim"
} 2>/dev/null || exit 0
set +o noclobber
set --
`;

/** True while any process of the group lives: its leader may be dead and its children not. */
export function isGroupAlive(group: ProcessGroup): boolean {
  if (group.boot !== readFileSync(BOOT_ID, 'utf8').trim()) return false;
  const start = startOf(group.pid);
  if (start !== null && start !== group.start) return false;
  try {
    process.kill(-group.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ends every process of the group at once. Does nothing when it is gone, and never touches another. */
export function killGroup(group: ProcessGroup): void {
  if (!isGroupAlive(group)) return;
  try {
    process.kill(-group.pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

/** A process's start in clock ticks, the 22nd field of its stat; null when there is no such process, or only its zombie. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
