import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { naming, StoreError } from './failure.ts';
import { openStore } from './open.ts';
import { Seal } from './seal.ts';
import { startPostgres, type TestPostgres } from './testing/postgres.ts';
import { cluster, machine, SECRET_KEY } from './testing/sample.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('no failure of the database shows what was being written, however deep one looks', async () => {
  const store = await openStore({
    databaseUrl: await server.createDatabase('secrets'),
    folder: '/nowhere',
    secretKey: SECRET_KEY,
  });
  const etl = cluster('etl');
  await store.create(etl, []);
  const failing = [
    // The same id under another name; numbers and ids that the columns do not take; a row the checks refuse.
    () => store.create(cluster('other', { id: etl.id }), []),
    () => store.create(cluster('fraction', { target: 1.5 }), []),
    () => store.commit(etl.id, (now) => ({ cluster: { ...now, createdAt: 2 ** 70 } })),
    () => store.commit(etl.id, (now) => ({ machines: [machine('m', { ...now, id: 'key of nobody' })] })),
  ];
  try {
    for (const fail of failing) {
      const error = await fail().then(
        () => expect.fail('it was stored'),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(StoreError);
      expect(String(error)).toMatch(/could not be (created|stored): the database refused it with SQLSTATE 2[23]/);
      const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      expect(shown).not.toMatch(/key of|certificate of|params|insert into|1\.5/);
    }
    expect(await store.clusters()).toEqual([etl]);
  } finally {
    await store.close();
  }
});

test('a row that a hand or another version wrote is named by its place, not by its values', async () => {
  const { toClusters } = await import('./rows.ts');
  const etl = cluster('etl');
  const seal = new Seal(SECRET_KEY);
  const read = (changes: object, credentials: object | null = etl.credentials) =>
    toClusters([{ ...etl, credentials: seal.close(JSON.stringify(credentials), etl.id), ...changes }], seal);
  expect(() => read({}, { ...etl.credentials, ca: { cert: 'secret', key: 7 } })).toThrow(
    'A stored credential is not what this version of daskup expects at ca.key',
  );
  expect(() => read({ target: 'secret' })).toThrow(/^(?!.*secret).*at target:/s);
  expect(() => read({ password: 'secret' })).toThrow(/^(?!.*secret).*at the row itself/s);
  expect(read({})).toEqual([etl]);
});

test('other failures pass as they are', async () => {
  const failure = new Error('cannot go from ready to starting');
  await expect(naming('It', () => Promise.reject(failure))).rejects.toBe(failure);
});
