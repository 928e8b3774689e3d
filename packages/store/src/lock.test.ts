import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daskup-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Another process that takes the lock, starts a child that outlives it, and stays. */
async function otherHolder(): Promise<{ pid: number; child: number; kill: () => Promise<void> }> {
  const script = `
    import { spawn } from 'node:child_process';
    import { lockFolder } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    await lockFolder(${JSON.stringify(folder)});
    const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(other.stdout, 'data');
  const kill = async () => {
    const exited = once(other, 'exit');
    other.kill('SIGKILL');
    await exited;
  };
  return { pid: other.pid ?? 0, child: Number(line), kill };
}

test('a second opener is told which process has the folder, also by another path', async () => {
  const other = await otherHolder();
  try {
    await expect(lockFolder(folder)).rejects.toThrow(
      new RegExp(`in use by process ${other.pid} \\(since \\d{4}-.*DATABASE_URL`),
    );
    const link = join(folder, 'link');
    await symlink(folder, link);
    await expect(lockFolder(link)).rejects.toThrow(`process ${other.pid}`);
  } finally {
    await other.kill();
    process.kill(other.child);
  }
});

test('a killed holder leaves nothing behind, even while its children live on', async () => {
  const other = await otherHolder();
  await other.kill();
  try {
    expect(process.kill(other.child, 0)).toBe(true);
    await using lock = await lockFolder(folder);
    expect(lock).toBeDefined();
  } finally {
    process.kill(other.child);
  }
});

test('of many at once one gets it, and once given back the next does', async () => {
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)));
  const taken = results.filter((result) => result.status === 'fulfilled');
  expect(taken).toHaveLength(1);
  await taken[0]?.value[Symbol.asyncDispose]();
  await using again = await lockFolder(folder);
  expect(again).toBeDefined();
});

test('two folders do not get in each other’s way', async () => {
  const other = await mkdtemp(join(tmpdir(), 'daskup-lock-'));
  try {
    await using one = await lockFolder(folder);
    await using two = await lockFolder(other);
    expect(one).not.toBe(two);
  } finally {
    await rm(other, { recursive: true });
  }
});

test('where there are no abstract sockets it refuses, and says what to do', async () => {
  await expect(lockFolder(folder, 'darwin')).rejects.toThrow(/Linux.*DATABASE_URL/);
});
