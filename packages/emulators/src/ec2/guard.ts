import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Waits until whoever holds the other end of its input is gone, however that ended; then ends all groups, and the folder. */
const GUARD = `
trap '' INT TERM HUP
cat >/dev/null
for group in "$1"/groups/*; do kill -KILL -- "-\${group##*/}" 2>/dev/null; done
rm -rf "$1"
`;

/** A temporary folder and process groups that end with this process, even when it is killed. */
export class Guard {
  readonly folder = mkdtempSync(join(tmpdir(), 'daskup-ec2-'));
  readonly #guard: ChildProcess;

  constructor() {
    mkdirSync(join(this.folder, 'groups'));
    this.#guard = spawn('/bin/bash', ['-c', GUARD, 'guard', this.folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /** The group led by this process ends with us. */
  add(leader: number): void {
    writeFileSync(join(this.folder, 'groups', String(leader)), '');
  }

  /** Ends the group now. */
  kill(leader: number): void {
    if (isAlive(leader)) process.kill(-leader, 'SIGKILL');
    this.#forget(leader);
  }

  /** The leader is gone; what it left running still ends with us. */
  leaderGone(leader: number): void {
    if (!isAlive(leader)) this.#forget(leader);
  }

  /** Ends every group and removes the folder. */
  async close(): Promise<void> {
    const gone = once(this.#guard, 'exit');
    this.#guard.stdin?.end();
    await gone;
  }

  /** A number may soon be another's. */
  #forget(leader: number): void {
    rmSync(join(this.folder, 'groups', String(leader)), { force: true });
  }
}

function isAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}
