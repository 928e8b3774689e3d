import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { installMoto } from './moto.ts';
import { Account, base64, eventually } from './testing/account.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const started: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** `npm run emulator:ec2` with an instance that runs: the pids of all that must end with it. */
async function running() {
  await installMoto();
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--pace', 'quick'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const endpoint = await eventually(
    async () => lines.map((line) => /^export AWS_ENDPOINT_URL=(.*)/.exec(line)?.[1]).find(Boolean) ?? '',
    (found) => found !== '',
  );
  const me = new Account({ endpoint }, 'us-east-2');
  await me.run({ UserData: base64('#!/bin/bash\nsleep 600 &\nsleep 600\n') });
  await me.until('running');
  const groups = () => groupsOf(child.pid ?? 0);
  // moto, the guard, and the instance.
  const leaders = await eventually(
    async () => groups(),
    (found) => found.length === 3,
  );
  const folder =
    execFileSync('ps', ['-o', 'args=', '-p', leaders.join(',')], { encoding: 'utf8' }).match(
      /\/\S*daskup-ec2-\w+/,
    )?.[0] ?? '';
  expect(existsSync(folder)).toBe(true);
  return { child, leaders, folder, lines };
}

/** The leaders of the process groups that a process has started. */
function groupsOf(parent: number): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid='], { encoding: 'utf8' }).trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid, pgid]) => (ppid === parent && pid === pgid ? [pid ?? 0] : []));
}

/** How many processes, zombies not counted, are in these groups. */
function living(leaders: readonly number[]): number {
  const rows = execFileSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return rows.filter((row) => leaders.includes(Number(row.trim().split(/\s+/)[0])) && !/\sZ/.test(row)).length;
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  '%s ends moto, the instances and the folder with the emulator',
  async (signal) => {
    const { child, leaders, folder, lines } = await running();
    expect(living(leaders)).toBeGreaterThanOrEqual(4);
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    await eventually(
      async () => living(leaders),
      (count) => count === 0,
    );
    await eventually(
      async () => existsSync(folder),
      (there) => !there,
    );
    if (signal === 'SIGTERM') expect(lines.at(-1)).toMatch(/^1 instances have cost \$0\.\d{6}$/);
  },
);

test('a bad option is told, with those that there are', async () => {
  const child = spawn(process.execPath, [MAIN, '--pace', 'slow'], { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(said).toContain('--pace ec2|quick');
});
