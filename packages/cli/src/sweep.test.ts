import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Shell } from './testing/shell.ts';

const shell = new Shell();
afterAll(() => shell.close());

test('sixteen shells at once on a home without a server: one server, of one name one cluster, and each is answered', async () => {
  const [twins, others] = await Promise.all([
    Promise.all(Array.from({ length: 4 }, () => shell.daskup('up', '1', 'name=twin'))),
    Promise.all(
      ['ls', 'cost', 'plan', 'ls']
        .flatMap((verb) => [verb, verb, verb])
        .map((verb) => {
          return shell.daskup(...(verb === 'plan' ? ['plan', '4'] : [verb]));
        }),
    ),
  ]);
  expect(twins.map(({ code }) => code).toSorted()).toEqual([0, 2, 2, 2]);
  for (const { err } of twins.filter(({ code }) => code === 2)) {
    expect(err).toContain('There is a cluster named twin already');
  }
  expect(others.map(({ code, err }) => ({ code, err }))).toEqual(others.map(() => ({ code: 0, err: '' })));
  const { machines } = JSON.parse((await shell.daskup('status', 'twin', '--json')).out);
  expect(machines).toHaveLength(2);
}, 240_000);

test('sweep asks first, and needs a provider', async () => {
  expect(await shell.daskup('sweep')).toMatchObject({ code: 2, err: 'daskup: sweep needs a provider: local\n' });
  expect(await shell.daskup('sweep', 'toString')).toMatchObject({ code: 2 });
  const { code, out, err } = await shell.daskup('sweep', 'local');
  expect(code).toBe(2);
  expect(out).toMatch(/^twin +\S+ +scheduler +m-/m);
  expect(err).toContain('confirm with --yes');
  expect((await shell.daskup('ls')).out).toContain('twin');
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
  expect(out).toContain('2 machines of 1 clusters have ended; none is left in local');
  expect((await shell.daskup('sweep', 'local', '--json')).out).toBe(
    '{"verb":"sweep","provider":"local","machines":[]}\n',
  );
});
