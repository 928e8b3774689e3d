import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Store } from '@daskup/core/state/store';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { storeContract } from './contract.ts';
import { openStore } from './open.ts';
import { startPostgres, type TestPostgres } from './testing/postgres.ts';
import { cluster, entry, event, machine, SECRET_KEY } from './testing/sample.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const open = (databaseUrl: string) => openStore({ databaseUrl, folder: '/nowhere', secretKey: SECRET_KEY });

storeContract('in PostgreSQL', async () => open(await server.createDatabase('contract')));

/** Runs with several stores open on one new database, as several replicas would have. */
async function withReplicas(name: string, count: number, work: (replicas: Store[]) => Promise<void>): Promise<void> {
  const url = await server.createDatabase(name);
  const replicas = await Promise.all(Array.from({ length: count }, () => open(url)));
  try {
    await work(replicas);
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()));
  }
}

describe('several replicas on one database', () => {
  test('migrate it at once, and are one installation', async () => {
    await withReplicas('migrate_pools', 4, async (replicas) => {
      expect(new Set(replicas.map((replica) => replica.installation)).size).toBe(1);
    });
  });

  test('migrate it at once from processes of their own, in any working folder', async () => {
    const url = await server.createDatabase('migrate_processes');
    const script = `
      import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
      const store = await openStore({ databaseUrl: ${JSON.stringify(url)}, folder: '/nowhere', secretKey: Uint8Array.from(${JSON.stringify([...SECRET_KEY])}) });
      process.stdout.write(store.installation);
      await store.close();`;
    const run = promisify(execFile);
    const options = { cwd: tmpdir(), timeout: 60_000 };
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script], options)),
    );
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(outputs[0]?.stdout).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('make one cluster of a name that all want at once', async () => {
    await withReplicas('create', 4, async (replicas) => {
      for (let round = 0; round < 10; round++) {
        const name = `name${round}`;
        const won = await Promise.all(
          replicas.map((replica, i) => {
            const mine = cluster(name, { id: `${name}-${i}` });
            return replica.create(mine, [event(mine, 'made')]);
          }),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await replicas[0]?.cluster(name))?.id).toBe(`${name}-${won.indexOf(true)}`);
      }
      expect(await replicas[0]?.clusters()).toHaveLength(10);
    });
  });

  test('never lease one cluster to two', async () => {
    await withReplicas('lease', 4, async (replicas) => {
      const names = Array.from({ length: 30 }, (_, i) => `c${i}`);
      for (const name of names) await replicas[0]?.create(cluster(name), []);
      for (let round = 1; round <= 10; round++) {
        const [now, until] = [round * 1000, (round + 1) * 1000];
        const leases = await Promise.all(replicas.map((replica, i) => replica.lease(`r${i}`, now, until)));
        const ids = leases.flat().map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        // Nobody waits for another's lock, and what one skipped the next pass finds.
        const again = await Promise.all(replicas.map((replica, i) => replica.lease(`r${i}`, now, until)));
        expect(again.flat()).toHaveLength(names.length);
      }
    });
  });

  test('lease what is free without waiting for what another is working on', async () => {
    const url = await server.createDatabase('skip');
    const store = await open(url);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    try {
      for (const name of ['busy', 'free']) await store.create(cluster(name), []);
      await other.query('begin');
      await other.query(`select * from clusters where id = 'busy-1' for update`);
      const leased = await Promise.race([store.lease('me', 0, 1000), setTimeout(5000, 'it waited')]);
      expect(leased).toEqual([cluster('free')]);
    } finally {
      await other.end();
      await store.close();
    }
  });

  test('lose no change when they commit on one cluster at once', async () => {
    await withReplicas('commit', 4, async (replicas) => {
      await replicas[0]?.create(cluster('etl'), []);
      await Promise.all(
        replicas.flatMap((replica, r) =>
          Array.from({ length: 15 }, (_, i) =>
            replica.commit('etl-1', (now) => ({
              cluster: { ...now, attempt: now.attempt + 1 },
              machines: [machine('shared', now, { address: `127.0.0.${r + 1}` }), machine(`m-${r}-${i}`, now)],
              ledger: [entry('shared', now.createdAt, now.createdAt + 1)],
              events: [event(now, `attempt ${now.attempt + 1}`)],
            })),
          ),
        ),
      );
      const [store] = replicas;
      expect((await store?.cluster('etl'))?.attempt).toBe(60);
      expect(await store?.machines(['etl-1'])).toHaveLength(61);
      expect(await store?.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER })).toHaveLength(1);
      const told = (await store?.events('etl-1'))?.map(({ text }) => text);
      expect(told).toEqual(Array.from({ length: 60 }, (_, i) => `attempt ${i + 1}`));
    });
  });

  test('one that lost its lease to another can no longer write', async () => {
    await withReplicas('stolen', 2, async ([a, b]) => {
      await a?.create(cluster('etl'), []);
      await a?.lease('a', 1000, 2000);
      await b?.lease('b', 2000, 3000);
      const grow = a?.commit('etl-1', (now) => ({ cluster: { ...now, attempt: 9 } }), { holder: 'a', now: 1999 });
      expect(await grow).toBeUndefined();
      expect((await b?.cluster('etl'))?.attempt).toBe(0);
    });
  });
});

describe('statements', () => {
  test('of a commit are as many for five thousand machines as for one', async () => {
    const store = await open(await server.createDatabase('statements'));
    await store.create(cluster('etl'), []);
    const query = vi.spyOn(pg.Client.prototype, 'query');
    const sent = async (count: number) => {
      query.mockClear();
      await store.commit('etl-1', (now) => ({
        cluster: { ...now, attempt: count },
        machines: Array.from({ length: count }, (_, i) => machine(`m${i}`, now)),
        ledger: Array.from({ length: count }, (_, i) => entry(`m${i}`, now.createdAt, now.createdAt + 1000)),
        events: Array.from({ length: count }, (_, i) => event(now, `event ${i}`)),
      }));
      return query.mock.calls.length;
    };
    try {
      // begin, select for update, one a table, commit
      expect([await sent(1), await sent(5000)]).toEqual([7, 7]);
      query.mockClear();
      await store.commit('etl-1', () => ({}));
      expect(query).toHaveBeenCalledTimes(3);
      query.mockClear();
      await store.lease('me', 0, 1000);
      expect(query).toHaveBeenCalledTimes(2);
      query.mockClear();
      // As on nearly every pass.
      await store.lease('me', 1, 1001);
      expect(query).toHaveBeenCalledTimes(1);
    } finally {
      query.mockRestore();
      await store.close();
    }
  });
});

describe('a database that cannot be used', () => {
  test('of a newer daskup is refused and left alone', async () => {
    const url = await server.createDatabase('newer');
    await (await open(url)).close();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 1)`);
      await client.query('drop table installation');
      await expect(open(url)).rejects.toThrow('newer than this daskup: it has 1 migration that');
      const { rows } = await client.query(`select to_regclass('installation') as it`);
      expect(rows).toEqual([{ it: null }]);
    } finally {
      await client.end();
    }
  });

  test('that is not there is named, its password is not', async () => {
    const url = await server.createDatabase('there');
    const missing = url.replace('/there?', '/nowhere?');
    await expect(open(missing)).rejects.toThrow('could not be opened: database "nowhere" does not exist');
    await expect(open('postgres://ada:sesame@127.0.0.1:1/x')).rejects.toThrow(/could not be opened: .*ECONNREFUSED/);
    for (const wrong of ['mysql://ada:sesame@h/x', 'postgres://ada:sesame@[/x', 'sesame', '']) {
      const error = await open(wrong).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain('DATABASE_URL is not the URL of a PostgreSQL database');
      expect(String(error)).not.toContain('sesame');
    }
  });

  test('that hangs up instead of answering is named', async () => {
    const mute = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    try {
      const address = mute.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      await expect(open(`postgres://ada:sesame@127.0.0.1:${port}/x`)).rejects.toThrow(
        /could not be opened: .*(terminated|ECONNRESET)/,
      );
    } finally {
      mute.close();
    }
  });
});

describe('a database that fails while it is in use', () => {
  test('for a moment fails what is asked of it, and nothing else; the next that is asked comes through', async () => {
    const url = await server.createDatabase('restarted');
    const store = await open(url);
    await store.create(cluster('etl'), []);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      ['restarted'],
    );
    await client.end();
    await vi.waitFor(async () => expect(await store.clusters()).toHaveLength(1), { timeout: 10_000 });
    await store.close();
  });

  test('in the middle of a change fails that change alone, however often', async () => {
    const url = await server.createDatabase('broken');
    const store = await open(url);
    const etl = cluster('etl');
    await store.create(etl, []);
    const client = new pg.Client({ connectionString: url });
    const admin = new pg.Client({ connectionString: url });
    await Promise.all([client.connect(), admin.connect()]);
    try {
      // More often than a pool has connections.
      for (let i = 0; i < 12; i++) {
        await client.query('begin');
        await client.query('select * from clusters for update');
        const change = store.commit(etl.id, (now) => ({ cluster: { ...now, attempt: 100 } })).catch(String);
        await vi.waitFor(async () => {
          const { rowCount } = await admin.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'broken' and wait_event_type = 'Lock'`,
          );
          expect(rowCount).toBe(1);
        });
        expect(await change).toMatch(
          /^StoreError: The change could not be stored: the database does not answer \(.*\)\. Clusters that run go on running; try again once it does\.$/,
        );
        await client.query('rollback');
      }
      expect(await store.commit(etl.id, (now) => ({ cluster: { ...now, attempt: 1 } }))).toMatchObject({ attempt: 1 });
    } finally {
      await Promise.all([client.end(), admin.end()]);
      await store.close();
    }
  });

  test('that stands still, or is killed, is told of in time; work goes on once it answers', async () => {
    await using other = await startPostgres();
    const store = await open(await other.createDatabase('frozen'));
    const etl = cluster('etl');
    await store.create(etl, []);
    const grow = () => store.commit(etl.id, (now) => ({ cluster: { ...now, attempt: now.attempt + 1 } }));
    try {
      for (const [fault, mend] of [
        [other.freeze, other.thaw],
        [other.kill, other.start],
      ] as const) {
        await fault();
        // As many as the pool has connections, and more: none may be lost to it for ever.
        const told = await Promise.all(Array.from({ length: 12 }, () => grow().catch(String)));
        expect(told).toEqual(Array(12).fill(expect.stringMatching(/the database does not answer/)));
        await mend();
        const { attempt } = (await store.cluster('etl')) ?? etl;
        expect(await grow()).toMatchObject({ attempt: attempt + 1 });
      }
    } finally {
      await store.close();
    }
  });

  test('that has no connection left is told of', async () => {
    const url = await server.createDatabase('crowded');
    await (await open(url)).close();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('create role ada login');
      await client.query('alter database crowded connection limit 0');
      await expect(open(url.replace('user=postgres', 'user=ada'))).rejects.toThrow(
        /could not be opened: the database does not answer \(too many connections for database "crowded"\)/,
      );
    } finally {
      await client.end();
    }
  });
});

test('a process that stands still in the middle of a change keeps its cluster from no other, and changes nothing', async () => {
  const url = await server.createDatabase('still');
  const store = await open(url);
  const etl = cluster('etl');
  await store.create(etl, []);
  const script = `
    import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const secretKey = Uint8Array.from(${JSON.stringify([...SECRET_KEY])});
    const store = await openStore({ databaseUrl: ${JSON.stringify(url)}, folder: '/nowhere', secretKey });
    const stand = (now) => {
      process.kill(process.pid, 'SIGSTOP');
      return { cluster: { ...now, attempt: 100 } };
    };
    process.stdout.write(await store.commit('etl-1', stand).then(() => 'stored', String));
    await store.close();`;
  const still = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = text(still.stdout);
  try {
    await vi.waitFor(() => expect(stateOf(still.pid)).toBe('T'), { timeout: 60_000, interval: 50 });
    const changed = vi.waitFor(() => store.commit(etl.id, (now) => ({ cluster: { ...now, attempt: 1 } })), {
      timeout: 60_000,
    });
    expect(await changed).toMatchObject({ attempt: 1 });
    process.kill(still.pid ?? 0, 'SIGCONT');
    expect(await said).toMatch(/^StoreError: The change could not be stored: the database does not answer/);
    expect((await store.cluster('etl'))?.attempt).toBe(1);
  } finally {
    still.kill('SIGKILL');
    await store.close();
  }
});

/** What the kernel says a process does; `T` once it was stopped. */
function stateOf(pid: number | undefined): string | undefined {
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
}
