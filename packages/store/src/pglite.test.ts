import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { storeContract } from './contract.ts';
import { noteVersion } from './data-folder.ts';
import { openEmbedded } from './embedded.ts';
import { VERSION } from './migrate.ts';
import { openStore as open } from './open.ts';
import { forcedBy } from './testing/forced.ts';
import { cluster, event, machine, SECRET_KEY } from './testing/sample.ts';

const openStore = (place: { readonly folder: string }) => open({ ...place, secretKey: SECRET_KEY });

let root: string;
/** A database that was made, given one cluster and closed: making one takes seconds, copying it does not. */
let made: string;
/** A copy of it for one test. */
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daskup-pglite-'));
  made = join(root, 'made');
  const store = await openStore({ folder: made });
  await store.create(cluster('kept'), []);
  await store.close();
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'copy-'));
  await cp(made, folder, { recursive: true });
});

storeContract('in an embedded PostgreSQL', async () => openStore({ folder: join(root, 'contract') }));

describe('durability', () => {
  test('every commit is forced to the disk before it is acknowledged', async () => {
    const store = await openStore({ folder });
    const fsync = vi.spyOn(fs, 'fsyncSync');
    try {
      const { id } = cluster('kept');
      for (let i = 1; i <= 5; i++) {
        fsync.mockClear();
        await store.commit(id, (now) => ({ cluster: { ...now, attempt: i }, machines: [machine(`w${i}`, now)] }));
        expect(fsync.mock.calls.length).toBeGreaterThanOrEqual(1);
      }
      fsync.mockClear();
      await store.create(cluster('new'), []);
      expect(fsync.mock.calls.length).toBeGreaterThanOrEqual(1);
      fsync.mockClear();
      await store.clusters();
      expect(fsync).not.toHaveBeenCalled();
      await store.lease('me', 0, 1000);
      expect(fsync).toHaveBeenCalled();
      fsync.mockClear();
      await store.lease('me', 499, 1499);
      expect(fsync).not.toHaveBeenCalled();
      await store.unlease('me');
    } finally {
      fsync.mockRestore();
      await store.close();
    }
  });

  test.each(['fsyncSync', 'writeSync'])(
    'when the disk refuses %s, nothing is acknowledged and nothing hangs',
    async (call) => {
      const script = `
      import fs from 'node:fs';
      import { openStore } from ${source('./open.ts')};
      import { cluster } from ${source('./testing/sample.ts')};
      const store = await openStore({ folder: ${JSON.stringify(folder)}, secretKey: Uint8Array.from(${JSON.stringify([...SECRET_KEY])}) });
      fs.${call} = () => { throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }); };
      const told = [];
      for (const work of [() => store.create(cluster('unlucky'), []), () => store.clusters(), () => store.unlease('me')]) {
        told.push(await work().then(() => 'acknowledged', (error) => error.message));
      }
      await store.close();
      process.stdout.end(JSON.stringify(told));`;
      // A process of its own: a query that runs for ever could not be stopped in this one.
      const args = ['--input-type=module', '-e', script];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000, killSignal: 'SIGKILL' });
      expect(JSON.parse(stdout)).toEqual(
        Array(3).fill(expect.stringMatching(/could not write to its folder.*disk is full/)),
      );
      const again = await openStore({ folder });
      // What was refused may have reached the log all the same; what was acknowledged must have.
      expect(await again.clusters()).toContainEqual(cluster('kept'));
      await again.close();
    },
  );

  test('PostgreSQL itself is told to', async () => {
    const { db, close } = await openEmbedded(folder);
    try {
      const [row] = await db
        .select({
          fsync: sql`current_setting('fsync')`,
          method: sql`current_setting('wal_sync_method')`,
          commit: sql`current_setting('synchronous_commit')`,
        })
        .from(sql`(select 1)`);
      expect(row).toEqual({ fsync: 'on', method: 'fsync', commit: 'on' });
    } finally {
      await close();
    }
  });

  test('what was acknowledged is there after the process was killed', async () => {
    const script = `
      import { openStore } from ${source('./open.ts')};
      import { cluster } from ${source('./testing/sample.ts')};
      const store = await openStore({ folder: ${JSON.stringify(folder)}, secretKey: Uint8Array.from(${JSON.stringify([...SECRET_KEY])}) });
      await store.create(cluster('survivor'), []);
      console.log('stored');
      setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    await expect(openStore({ folder })).rejects.toThrow(`in use by process ${other.pid}`);
    const exited = once(other, 'exit');
    other.kill('SIGKILL');
    await exited;
    const store = await openStore({ folder });
    expect(await store.cluster('survivor')).toEqual(cluster('survivor'));
    expect(await store.cluster('kept')).toEqual(cluster('kept'));
    await store.close();
  });
});

describe('opening', () => {
  test('for the first time forces the whole new database to the disk, later times nothing', async () => {
    const fresh = join(root, 'fresh');
    const openAndClose = async () => (await openStore({ folder: fresh })).close();
    const forced = new Set(await forcedBy(openAndClose));
    const files = ['PG_VERSION', 'global/pg_control', 'pg_wal', 'base/1/PG_VERSION', ''];
    // It is made aside, and has its name once it is whole.
    const expected = [fresh, ...files.map((file) => join(fresh, 'postgres.unfinished', file).replace(/\/$/, ''))];
    expect(expected.filter((path) => !forced.has(path))).toEqual([]);
    expect(await forcedBy(openAndClose)).toEqual([]);
  });

  test('again finds the same installation and clusters, and keeps the folder private', async () => {
    const first = await openStore({ folder });
    const { installation } = first;
    await first.close();
    const again = await openStore({ folder });
    expect(again.installation).toBe(installation);
    expect(await again.cluster('kept')).toEqual(cluster('kept'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await again.close();
  });

  test('twice at once is refused in the same process too', async () => {
    const store = await openStore({ folder });
    await expect(openStore({ folder })).rejects.toThrow(`in use by process ${process.pid}`);
    await store.close();
  });

  test('a copy that was cut off is refused, left alone, and not kept locked', async () => {
    const control = join(folder, 'postgres', 'global', 'pg_control');
    const saved = await readFile(control);
    await rm(control);
    const before = await tree(folder);
    await expect(openStore({ folder })).rejects.toThrow('not a whole database: global/pg_control missing');
    expect(await tree(folder)).toEqual(before);
    await writeFile(control, saved);
    await (await openStore({ folder })).close();
  });

  test('a database of another PostgreSQL is refused and left alone', async () => {
    await writeFile(join(folder, 'postgres', 'PG_VERSION'), '19\n');
    const before = await tree(folder);
    await expect(openStore({ folder })).rejects.toThrow('PostgreSQL "19", and this program embeds 18');
    expect(await tree(folder)).toEqual(before);
  });

  test('a database of a newer program is refused and left alone', async () => {
    await noteVersion(folder, VERSION + 2);
    const before = await tree(folder);
    await expect(openStore({ folder })).rejects.toThrow(/newer than this daskup: it has 2 migrations/);
    expect(await tree(folder)).toEqual(before);
  });

  test('one that a newer program was killed at before it noted that is refused too', async () => {
    const newer = await openEmbedded(folder);
    await newer.db.execute(
      sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 9e12)`,
    );
    await newer.close();
    await expect(openStore({ folder })).rejects.toThrow(/newer than this daskup: it has 1 migration/);
  });

  test('a folder that is damaged in whatever way is refused by name, with what to do, and not kept locked', async () => {
    const relations = (await readdir(join(made, 'postgres/base'), { recursive: true })).filter((name) =>
      /\d\/\d+$/.test(name),
    );
    const [wal = ''] = (await readdir(join(made, 'postgres/pg_wal'))).filter((name) => /^[0-9A-F]{24}$/.test(name));
    const damages: ((data: string) => Promise<unknown>)[] = [
      (data) => truncate(join(data, 'global/pg_control'), 100),
      (data) => rm(join(data, 'pg_wal', wal)),
      // What is missing is PostgreSQL's own, or only a table of ours, which it would open without.
      (data) => Promise.all(relations.filter((_, i) => i % 2 === 0).map((name) => rm(join(data, 'base', name)))),
      (data) => rm(join(data, 'base', relations.find((name) => Number(name.split('/')[1]) >= 16_384) ?? '')),
    ];
    const folders = await Promise.all(
      damages.map(async (damage, i) => {
        const copy = join(folder, `damage-${i}`);
        await cp(made, copy, { recursive: true });
        await damage(join(copy, 'postgres'));
        return copy;
      }),
    );
    const all = [...folders, folders[0] ?? ''];
    const script = `
      import { openStore } from ${source('./open.ts')};
      const secretKey = Uint8Array.from(${JSON.stringify([...SECRET_KEY])});
      const told = [];
      for (const folder of ${JSON.stringify(all)}) told.push(await openStore({ folder, secretKey }).then(() => 'opened', String));
      process.stdout.end(JSON.stringify(told));`;
    const args = ['--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 110_000, killSignal: 'SIGKILL' });
    const refused = ' cannot be opened: its files are damaged, or a copy of them is not whole. Copy it again';
    expect(JSON.parse(stdout)).toEqual(
      all.map((of) => expect.stringContaining(`StoreError: ${join(of, 'postgres')}${refused}`)),
    );
  });

  test('a first start that was cut off is started again', async () => {
    const fresh = join(root, 'cut-off');
    await mkdir(join(fresh, 'postgres.unfinished', 'base'), { recursive: true });
    await writeFile(join(fresh, 'postgres.unfinished', 'PG_VERSION'), '18\n');
    const store = await openStore({ folder: fresh });
    expect(await store.clusters()).toEqual([]);
    await store.close();
    expect(await readdir(fresh)).toEqual(['postgres', 'version']);
  });
});

test('work that overlaps does not block the one session', async () => {
  const store = await openStore({ folder });
  const { id } = cluster('kept');
  const work = Array.from({ length: 10 }, (_, i) => [
    store.commit(id, (now) => ({ events: [event(now, `number ${i}`)] })),
    store.lease('me', 0, 1000),
    store.clusters(),
  ]);
  await Promise.all(work.flat());
  expect(await store.events(id)).toHaveLength(10);
  await store.close();
});

/** A module's address as a string literal, for a program in another process. */
function source(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url).href);
}

async function tree(of: string): Promise<[string, number, number][]> {
  const names = (await readdir(of, { recursive: true })).toSorted();
  return Promise.all(
    names.map(async (name): Promise<[string, number, number]> => {
      const { mtimeMs, size } = await stat(join(of, name));
      return [name, mtimeMs, size];
    }),
  );
}
