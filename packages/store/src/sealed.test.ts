import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Store } from '@daskup/core/state/store';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from './open.ts';
import { startPostgres, type TestPostgres } from './testing/postgres.ts';
import { cluster, ended, event, machine, SECRET_KEY } from './testing/sample.ts';

// What a thief of the database, a reader of its dump, or a server with another key gets to see.
const OTHER_KEY = new Uint8Array(32).fill(8);
/** In every key and certificate of the samples. */
const SECRET = /key of|certificate of/;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function live(store: Store): Promise<void> {
  await store.create(cluster('etl'), [event(cluster('etl'), 'asked for')]);
  await store.commit('etl-1', (now) => ({ cluster: { ...now, attempt: 1 }, machines: [machine('m', now)] }));
  expect(await store.cluster('etl')).toEqual(cluster('etl', { attempt: 1 }));
  await store.close();
}

test('a dump of the database tells no key and no certificate', async () => {
  const url = await server.createDatabase('dumped');
  await live(await openStore({ databaseUrl: url, folder: '/nowhere', secretKey: SECRET_KEY }));
  const { stdout } = await promisify(execFile)('pg_dump', ['--inserts', url]);
  expect(stdout).toContain('etl-1');
  expect(stdout).not.toMatch(SECRET);
});

test('neither do the files of an embedded one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daskup-sealed-'));
  try {
    await live(await openStore({ folder, secretKey: SECRET_KEY }));
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
    expect(texts.filter((text) => text.includes('etl-1'))).not.toEqual([]);
    expect(files.filter((_, i) => SECRET.test(texts[i] ?? ''))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('with another key a cluster can be found, changed and ended, its credentials not read, nor lost', async () => {
  const databaseUrl = await server.createDatabase('other_key');
  await live(await openStore({ databaseUrl, folder: '/nowhere', secretKey: SECRET_KEY }));
  const other = await openStore({ databaseUrl, folder: '/nowhere', secretKey: OTHER_KEY });
  const unread = cluster('etl', { attempt: 1, credentials: null });
  expect(await other.clusters({ live: true })).toEqual([unread]);
  expect(await other.lease('me', 0, 1000)).toEqual([unread]);
  expect(await other.commit('etl-1', (now) => ({ cluster: ended(now) }))).toEqual(ended(unread));
  await other.close();
  const again = await openStore({ databaseUrl, folder: '/nowhere', secretKey: SECRET_KEY });
  expect(await again.cluster('etl')).toEqual(ended(cluster('etl', { attempt: 1 })));
  await again.close();
});

test("credentials that a hand has put into another row are not taken for that cluster's", async () => {
  const databaseUrl = await server.createDatabase('moved');
  const store = await openStore({ databaseUrl, folder: '/nowhere', secretKey: SECRET_KEY });
  for (const name of ['mine', 'theirs']) await store.create(cluster(name), []);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `update clusters set credentials = (select credentials from clusters where id = 'mine-1') where id = 'theirs-1'`,
  );
  await client.end();
  expect((await store.cluster('theirs'))?.credentials).toBeNull();
  expect((await store.cluster('mine'))?.credentials).toEqual(cluster('mine').credentials);
  await store.close();
});
