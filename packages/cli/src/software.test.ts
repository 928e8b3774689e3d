import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interpreterOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Shell } from './testing/shell.ts';
import { requirementsOf } from './uv-lock.ts';

// Software environments as a person gives them, with real Dask.
const LOCK = fileURLToPath(new URL('testing/project/uv.lock', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'daskup-software-'));
const LOCKED = readFileSync(LOCK, 'utf8');
/** The interpreter that was made of it. */
const made = () => interpreterOf(requirementsOf(LOCKED), settingsFrom(process.env).cache) ?? 'none was made';
let shell: Shell;
let lock: string;
beforeAll(() => {
  shell = new Shell();
  mkdirSync(join(folder, 'project'));
  lock = join(folder, 'project/uv.lock');
  copyFileSync(LOCK, lock);
});
afterAll(async () => {
  await shell.daskup('down', '--all', '--yes');
  await shell.close();
  rmSync(folder, { recursive: true });
});

/** What the machines of a cluster have, as a client of this Python sees it. */
async function seen(cluster: string, python: string, what: string): Promise<string> {
  expect((await shell.daskup('connect', cluster)).code).toBe(0);
  const code = `
from dask.distributed import Client
print(sorted(set(Client().run(lambda: __import__("${what.split('.')[0]}").${what.split('.').slice(1).join('.')}).values())))`;
  const env = { DASK_CONFIG: join(shell.home, 'connections', `${cluster}.yaml`), PATH: '/usr/bin:/bin' };
  const { stdout } = await promisify(execFile)(python, ['-c', code], { env, timeout: 60_000 });
  return stdout.trim();
}

test('a lock of uv, kept by name, is what machines have, with no file at hand', async () => {
  expect(await shell.daskup('env', 'ls')).toMatchObject({
    code: 0,
    out: expect.stringContaining('no environments. Keep one:'),
  });
  expect(await shell.daskup('env', 'add', 'etl', lock)).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/^etl is kept, 22 packages: .*daskup up 4 env=etl\n$/),
  });
  expect((await shell.daskup('env', 'ls')).out).toMatch(/NAME +PACKAGES +PYTHON .*\netl +22 packages +3\.11 or newer /);
  const { text } = requirementsOf(LOCKED);
  expect((await shell.daskup('env', 'show', 'etl')).out).toBe(text);
  rmSync(lock);

  const up = await shell.daskup('up', '1', 'env=etl', 'name=kept');
  expect([up.code, up.err]).toEqual([0, expect.stringContaining('with packages of their own')]);
  expect(await seen('kept', made(), 'dask.__version__')).toBe("['2026.8.0']");
  // Only what was locked is there.
  expect(await seen('kept', made(), 'ptyprocess.__version__')).toBe("['0.7.0']");
  expect((await shell.daskup('env', 'rm', 'etl')).out).toContain('etl is kept no more');
  expect((await shell.daskup('scale', 'kept', '2')).code).toBe(0);
  expect((await shell.daskup('down', 'kept')).code).toBe(0);
}, 300_000);

test("a cluster here runs the client's own Python, when that has Dask", async () => {
  shell.env.VIRTUAL_ENV = dirname(dirname(made()));
  const up = await shell.daskup('up', '1', 'name=same');
  expect([up.code, up.err]).toEqual([
    0,
    expect.stringMatching(/with Python 3\.\d+ and Dask 2026\.8\.0 as the client has them/),
  ]);
  expect(await seen('same', made(), 'sys.executable')).toBe(`['${made()}']`);
  expect((await shell.daskup('down', 'same')).code).toBe(0);
  shell.env.VIRTUAL_ENV = folder;
  expect((await shell.daskup('plan', '1')).code).toBe(0);
}, 120_000);

test('what is wrong is told in a line, and nothing is made', async () => {
  const text = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const git = LOCKED.replace(
    /(name = "toolz"\nversion = "1\.2\.0"\nsource = ){[^}]*}/,
    '$1{ git = "https://example.com/toolz" }',
  );
  const noisy = Array.from({ length: 4_000 }, (_, i) => `p${(i * 7919) % 65_537}==${i}.${(i * 31) % 97}\n`).join('');
  await shell.daskup('env', 'add', 'etl', text('small.txt', 'dask[distributed]\n'));
  for (const [words, message] of [
    [['up', '1', 'env=elt'], 'no environment is kept by the name elt; there is: etl'],
    [['up', '1', 'env=etl2'], 'no environment is kept by the name etl2; did you mean etl?'],
    [['up', '1', `env=${text('git.lock', git)}`], 'machines cannot fetch toolz (from git)'],
    [['env', 'add', 'more', text('git.lock', git)], 'machines cannot fetch toolz (from git)'],
    [['up', '1', `env=${text('bare.lock', 'version = 1\n')}`], 'does not depend on dask and distributed'],
    [
      ['env', 'add', 'more', text('large.txt', noisy)],
      "bytes in a machine's boot script, which has room for 6000: leave away",
    ],
    [['env', 'add', 'more', 'nowhere.txt'], 'there is no file at'],
    [['env', 'rm', 'more'], 'no environment is kept by the name more; there is: etl'],
    [['up', '1', 'image=ami-01234567'], 'ami-01234567 is an image of EC2, and local has none'],
    [['up', '1', 'image=ghcr.io/a/b:1', 'env=etl'], 'env contradicts image'],
  ] as const) {
    const { code, out, err } = await shell.daskup(...words);
    expect([code, out]).toEqual([2, '']);
    expect(err.toLowerCase()).toContain(message.toLowerCase());
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  }
  expect((await shell.daskup('ls')).out).toContain('no clusters');
}, 120_000);
