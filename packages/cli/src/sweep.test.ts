import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Shell } from './testing/shell.ts';

const shell = new Shell();
afterAll(() => shell.close());

beforeAll(async () => {
  expect(await shell.daskup('up', '1', 'name=etl')).toMatchObject({ code: 0 });
}, 120_000);

test('sweep asks first, and needs a provider', async () => {
  expect(await shell.daskup('sweep')).toMatchObject({ code: 2, err: 'daskup: sweep needs a provider: local or aws\n' });
  expect(await shell.daskup('sweep', 'toString')).toMatchObject({ code: 2 });
  const { code, out, err } = await shell.daskup('sweep', 'local');
  expect(code).toBe(2);
  expect(out).toMatch(/^etl +\S+ +scheduler +m-/m);
  expect(err).toContain('confirm with --yes');
  expect((await shell.daskup('ls')).out).toContain('etl');
});

test('sweep alone, with no server and no store, ends every process of every cluster and proves it', async () => {
  process.kill(await shell.serverPid(), 'SIGKILL');
  rmSync(join(shell.home, 'store'), { recursive: true });
  const before = shell.processes().length;
  expect(before).toBeGreaterThan(2);
  const started = performance.now();
  const { code, out } = await shell.daskup('sweep', 'local', '--yes');
  expect(shell.processes()).toEqual([]);
  console.log(`${before} processes gone after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  expect(code).toBe(0);
  expect(out).toContain('2 machines of 1 cluster have ended; none is left in this computer');
  expect((await shell.daskup('sweep', 'local', '--json')).out).toBe(
    '{"verb":"sweep","provider":"local","machines":[],"others":[],"kept":null}\n',
  );
});
