import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { bootId, isGroupAlive, killGroup, type ProcessGroup } from './process-group.ts';

const MARK = `DASKUP_DIR=/nowhere/${process.pid}`;
const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) {
    try {
      if (pid) process.kill(-pid, 'SIGKILL');
    } catch {
      // It is gone already, as most tests want it.
    }
  }
});

/** Bash that leads a group of its own. */
function lead(script: string): ChildProcess & { readonly pid: number } {
  const child = spawn('bash', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, DASKUP_DIR: MARK.replace('DASKUP_DIR=', '') },
  });
  started.push(child);
  if (child.pid === undefined) throw new Error('bash did not start');
  return Object.assign(child, { pid: child.pid });
}

function groupOf(pid: number): ProcessGroup {
  const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
  return { pid, start: start ?? '', boot: bootId };
}

async function soon(good: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !good(); i++) await delay(10);
  return good();
}

test('a group is alive until it is killed, and then it is not; again does no harm', async () => {
  const group = groupOf(lead('sleep 60 & wait').pid);
  expect(isGroupAlive(group, MARK)).toBe(true);
  killGroup(group, MARK);
  expect(await soon(() => !isGroupAlive(group, MARK))).toBe(true);
  killGroup(group, MARK);
});

test.each<[string, Partial<ProcessGroup>]>([
  ['another start', { start: '1' }],
  ['another run of the kernel', { boot: 'another' }],
])('a process of the same pid and %s is neither taken for the group nor killed', async (_, other) => {
  const child = lead('sleep 60');
  const stranger = { ...groupOf(child.pid), ...other };
  expect(isGroupAlive(stranger, MARK)).toBe(false);
  killGroup(stranger, MARK);
  await delay(50);
  expect(child.signalCode).toBeNull();
  expect(isGroupAlive(groupOf(child.pid), MARK)).toBe(true);
});

test('a group whose leader is gone lives on in its members, and is told from a stranger of the same number', async () => {
  const child = lead('read -r go < <(sleep 0.2); sleep 60 >/dev/null & exit');
  const group = groupOf(child.pid);
  await once(child, 'exit');
  expect(isGroupAlive(group, MARK)).toBe(true);
  const stranger = 'DASKUP_DIR=/another';
  expect(isGroupAlive(group, stranger)).toBe(false);
  killGroup(group, stranger);
  await delay(50);
  expect(isGroupAlive(group, MARK)).toBe(true);
  killGroup(group, MARK);
  expect(await soon(() => !isGroupAlive(group, MARK))).toBe(true);
});

test('a group of which only zombies are left is not alive, as under a first process that reaps nobody', async () => {
  // setsid's child leads a group of its own and ends; its parent has become a sleep, which never asks after it.
  const child = lead('setsid bash -c "sleep 0.3" & echo $!; exec sleep 60');
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const group = groupOf(pid);
  expect(await soon(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))).toBe(true);
  expect(isGroupAlive(group, MARK)).toBe(false);
});
