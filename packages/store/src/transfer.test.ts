import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore as open, type StorePlace } from './open.ts';
import { startPostgres, type TestPostgres } from './testing/postgres.ts';
import { cluster, ended, entry, event, machine, SECRET_KEY, START } from './testing/sample.ts';
import { contentsOf, readStore, textOf, writeStore } from './transfer.ts';

const KEPT = {
  name: 'etl',
  environment: { kind: 'requirements', text: 'dask[distributed]\n', python: { from: 12, to: null } },
  keptBy: 'ada',
  keptAt: START,
} as const;
const openStore = (place: StorePlace) => open({ ...place, secretKey: SECRET_KEY });

let root: string;
let server: TestPostgres;
/** An embedded store with a bit of everything, and its file's text. */
let place: StorePlace;
let text: string;
let installation: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daskup-transfer-'));
  server = await startPostgres();
  place = { folder: join(root, 'full') };
  const store = await openStore(place);
  installation = store.installation;
  const etl = cluster('etl', {
    endpoint: { address: '127.0.0.9', port: 1, controlPort: 2 },
    home: 'here',
    clientAt: START,
  });
  const old = cluster('old', { provider: 'aws' });
  await store.create(etl, [event(etl, 'asked for: größer "als" \\ 1\nand more')]);
  await store.create(old, []);
  await store.lease('somebody', START, START + 15_000);
  await store.keepEnvironment(KEPT);
  for (let i = 0; i < 12; i++) {
    await store.commit(etl.id, (now) => ({
      machines: [machine(`m${i}`, now, { joinedAt: i })],
      ledger: [entry(`m${i}`, START + i, START + 2 * i, { micros: 2 ** 40 + i })],
      events: [event(now, `number ${i}`, { at: START - i })],
    }));
  }
  await store.commit(old.id, () => ({ cluster: ended(old), events: [event(old, 'ended', { level: 'error' })] }));
  await store.close();
  text = textOf(await readStore(place));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const postgres = async (name: string): Promise<StorePlace> => ({
  folder: '/nowhere',
  databaseUrl: await server.createDatabase(name),
});

test('from an embedded store to a file, to PostgreSQL, to a file, to an embedded store: the same, its leases free', async () => {
  const moved = await postgres('moved');
  await writeStore(moved, contentsOf(text));
  expect(textOf(await readStore(moved))).toBe(text);
  const back = { folder: join(root, 'back') };
  await writeStore(back, contentsOf(textOf(await readStore(moved))));
  expect(textOf(await readStore(back))).toBe(text);

  const [before, after] = [await openStore(place), await openStore(moved)];
  try {
    expect(after.installation).toBe(installation);
    for (const store of [before, after]) await store.unlease('somebody');
    const everything = async (store: typeof before) => ({
      clusters: await store.clusters(),
      machines: await store.machines(['etl-1', 'old-1']),
      ledger: await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }),
      environments: await store.environments(),
      events: (await store.events('etl-1')).map(({ seq: _, ...told }) => told),
    });
    expect(await everything(after)).toEqual(await everything(before));
    expect((await everything(after)).events).toHaveLength(13);
    expect((await everything(after)).environments).toEqual([KEPT]);
    expect((await after.lease('other', START, START + 1)).map(({ id }) => id)).toEqual(['etl-1']);
    // What happens from now on comes after what was imported.
    await after.commit('etl-1', (now) => ({ events: [event(now, 'later')] }));
    expect((await after.events('etl-1')).at(-1)?.text).toBe('later');
  } finally {
    await Promise.all([before.close(), after.close()]);
  }
});

test('a file that was cut off anywhere is refused', () => {
  for (let i = 0; i < text.length; i += 97) expect(() => contentsOf(text.slice(0, i))).toThrow(/cut off|no export/);
  const lines = text.trimEnd().split('\n');
  for (let i = 0; i < lines.length; i++) {
    expect(() => contentsOf(lines.slice(0, i).join('\n'))).toThrow(/cut off/);
    expect(() => contentsOf(`${lines.slice(0, i).join('\n')}\n`)).toThrow(/cut off/);
  }
});

test('a file in which anything was changed is refused, and nothing of it is shown', () => {
  const without = (i: number) => text.split('\n').toSpliced(i, 1).join('\n');
  const changed = [
    text.replace('number 3', 'number 4'),
    text.replace(/"credentials":"./, '"credentials":"-'),
    text.replace(/"rows":\d+/, '"rows":1'),
    without(3),
    `${text}${text}`,
    `${text} `,
  ];
  for (const bad of changed) {
    expect(() => contentsOf(bad)).toThrow(/changed it|cut off/);
    expect(() => contentsOf(bad)).not.toThrow(/credentials|number/);
  }
});

test('a file whose rows are none of this version is refused by the place, not the value', () => {
  const contents = contentsOf(text);
  const [one] = contents.clusters;
  const strange = { ...contents, clusters: [{ ...one, target: 'secret' }] } as unknown as typeof contents;
  expect(() => contentsOf(textOf(strange))).toThrow(/^(?!.*secret).*A stored cluster is not .* at target/s);
});

test('a file of another version is refused', () => {
  const body = text
    .replace(/"version":\d+/, '"version":999')
    .split('\n')
    .slice(0, -2)
    .map((line) => `${line}\n`)
    .join('');
  const sha256 = createHash('sha256').update(body).digest('hex');
  const later = `${body}${JSON.stringify({ rows: body.split('\n').length - 2, sha256 })}\n`;
  expect(() => contentsOf(later)).toThrow(/another version of daskup \(its stores have version 999, this one's \d+\)/);
});

test('a store that a server has used is left as it is', async () => {
  const used = await postgres('used');
  const store = await openStore(used);
  await store.create(cluster('mine'), []);
  await expect(writeStore(used, contentsOf(text))).rejects.toThrow(/Nothing was imported: the store is in use already/);
  expect((await store.clusters()).map(({ id }) => id)).toEqual(['mine-1']);
  expect(store.installation).not.toBe(installation);
  await store.close();
});

test('what cannot be imported whole is not imported in part', async () => {
  const half = await postgres('half');
  const contents = contentsOf(text);
  const orphan = { ...contents, machines: [...contents.machines, machine('orphan', cluster('nobody'))] };
  await expect(writeStore(half, contentsOf(textOf(orphan)))).rejects.toThrow(
    'Nothing was imported: the database refused it',
  );
  await expect(readStore(half)).rejects.toThrow('The store is empty');
  await writeStore(half, contents);
  expect(textOf(await readStore(half))).toBe(text);
});

test('a snapshot is of one moment, however much is stored meanwhile', async () => {
  const busy = await postgres('busy');
  const store = await openStore(busy);
  const etl = cluster('etl');
  await store.create(etl, []);
  const writing = (async () => {
    for (let i = 1; i <= 100; i++) {
      await store.commit(etl.id, (now) => ({
        cluster: { ...now, attempt: i },
        machines: [machine(`m${i}`, now)],
        events: [event(now, `number ${i}`)],
      }));
    }
  })();
  for (let i = 0; i < 10; i++) {
    const { clusters, machines, events } = await readStore(busy);
    expect([machines.length, events.length]).toEqual([clusters[0]?.attempt, clusters[0]?.attempt]);
  }
  await writing;
  await store.close();
});

test('a store that is not there is not made by looking for it', async () => {
  await expect(readStore({ folder: join(root, 'nowhere') })).rejects.toThrow(/There is no store in .*nowhere/);
  expect(await readdir(root)).not.toContain('nowhere');
});
