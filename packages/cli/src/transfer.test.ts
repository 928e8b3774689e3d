import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'daskup-move-'));
const bin = fileURLToPath(new URL('../bin/daskup.js', import.meta.url));
const file = join(root, 'store.jsonl');
const [here, there] = [join(root, 'here'), join(root, 'there')];
afterAll(async () => {
  for (const home of [here, there]) await stopped(home).catch(() => {});
  rmSync(root, { recursive: true });
});

function daskup(home: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; out: string; err: string }>();
  const env = { ...process.env, DASKUP_HOME: home };
  execFile(process.execPath, [bin, ...args], { env, timeout: 100_000 }, (error, out, err) =>
    resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
  );
  return promise;
}

/** Ends the server of a home, as a person would: by the process id that a refused command names. */
async function stopped(home: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ socketPath: join(home, 'server.sock'), path: '/health', agent: false }, async (response) =>
    resolve(JSON.parse((await response.toArray()).join('')).pid),
  )
    .on('error', reject)
    .end();
  const pid = await promise;
  process.kill(pid, 'SIGTERM');
  await expect.poll(() => readdirSync(home), { timeout: 20_000 }).not.toContain('server.sock');
}

test('a store moves by two commands, and what is wrong is told in a line', async () => {
  expect(await daskup(here, 'export')).toMatchObject({
    code: 2,
    err: 'daskup: export needs one file: daskup export FILE\n',
  });
  expect(await daskup(here, 'export', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no store in'),
  });
  expect(readdirSync(root)).toEqual([]);

  expect(await daskup(here, 'ls')).toMatchObject({ code: 0 });
  const refused = await daskup(here, 'export', file);
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/in use by process \d+ .*end it with kill/) });
  await stopped(here);

  const out = await daskup(here, 'export', file);
  expect(out).toMatchObject({ code: 0, err: '' });
  expect(out.out).toContain('exported 0 clusters (0 live), 0 machines, 0 ledger entries, 0 events, 0 environments to');
  expect(out.out).toContain('with the same secret key only');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse((await daskup(there, 'import', file, '--json')).out)).toMatchObject({
    verb: 'import',
    clusters: 0,
  });
  expect(await daskup(there, 'import', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('in use already'),
  });
  expect((await daskup(there, 'ls')).code).toBe(0);
});
