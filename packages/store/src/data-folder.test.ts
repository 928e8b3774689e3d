import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensurePrivateFolder, hasDatabase, syncTree } from './data-folder.ts';
import { forcedBy } from './testing/forced.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'daskup-folder-')), 'data');
});
afterEach(() => rm(dirname(folder), { recursive: true, force: true }));

async function database(version: string, except: readonly string[] = []): Promise<void> {
  const files = {
    PG_VERSION: `${version}\n`,
    'global/pg_control': '',
    'global/pg_filenode.map': '',
    'postgresql.conf': '',
  };
  for (const path of ['base', 'global', 'pg_wal', 'pg_xact']) {
    if (!except.includes(path)) await mkdir(join(folder, path), { recursive: true });
  }
  for (const [path, text] of Object.entries(files))
    if (!except.includes(path)) await writeFile(join(folder, path), text);
}

async function everything(): Promise<[string, number][]> {
  const names = (await readdir(folder, { recursive: true })).toSorted();
  return Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).mtimeMs] as [string, number]));
}

test('a missing folder has no database, a whole one has', async () => {
  expect(await hasDatabase(folder, '17')).toBe(false);
  await database('17');
  expect(await hasDatabase(folder, '17')).toBe(true);
});

test.each(['18', '16', '', 'what'])('a database of version "%s" is refused and left alone', async (version) => {
  await database(version);
  const before = await everything();
  await expect(hasDatabase(folder, '17')).rejects.toThrow(`PostgreSQL "${version}", and this program embeds 17`);
  expect(await everything()).toEqual(before);
});

test.each(['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'pg_xact'])(
  'a copy without %s is refused',
  async (path) => {
    await database('17', [path]);
    const before = await everything();
    await expect(hasDatabase(folder, '17')).rejects.toThrow(`not a whole database: ${path} missing`);
    expect(await everything()).toEqual(before);
  },
);

test('an existing folder that is no database is refused', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'thesis.txt'), '');
  await expect(hasDatabase(folder, '17')).rejects.toThrow('not a whole database');
});

test('the folder is its owner’s alone, also one that was open before', async () => {
  await ensurePrivateFolder(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await chmod(folder, 0o755);
  await ensurePrivateFolder(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('every folder that was made is in its parent’s list on the disk', async () => {
  const deep = join(folder, 'state', 'daskup');
  const above = [dirname(folder), folder, join(folder, 'state')];
  expect((await forcedBy(() => ensurePrivateFolder(deep))).toSorted()).toEqual(above);
  expect(await forcedBy(() => ensurePrivateFolder(deep))).toEqual([]);
});

test('a whole tree is forced to the disk, folders too', async () => {
  await database('17');
  const everyPath = [folder, ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name))];
  expect((await forcedBy(() => syncTree(folder))).toSorted()).toEqual(everyPath.toSorted());
  await expect(syncTree(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
});
