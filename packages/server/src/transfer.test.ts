import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterView } from '@daskup/core/observe/view';
import { startPostgres, type TestPostgres } from '@daskup/store/testing/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRET_KEY, startServer, type TestServer } from './testing/service.ts';
import { exportStore, importStore } from './transfer.ts';

// A live cluster moves from the embedded store to PostgreSQL.
const home = mkdtempSync(join(tmpdir(), 'daskup-transfer-'));
const file = join(home, 'store.jsonl');
const embedded = { DASKUP_HOME: home };
let postgres: TestPostgres;
let shared: NodeJS.ProcessEnv;
let server: TestServer | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
  shared = { DASKUP_HOME: home, DATABASE_URL: await postgres.createDatabase('moved'), DASKUP_SECRET_KEY: SECRET_KEY };
});
afterAll(async () => {
  await server?.say('down --all');
  await server?.kill('SIGTERM');
  await postgres?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

async function status(of: TestServer, name: string): Promise<ClusterView> {
  const answer = await of.say(`status ${name}`);
  if (answer.type !== 'result' || answer.result.verb !== 'status') throw new Error(JSON.stringify(answer));
  return answer.result.cluster;
}

test('a cluster goes on after its store has moved to PostgreSQL', async () => {
  server = await startServer(embedded);
  expect(await server.say('up 2 name=etl away=1h')).toMatchObject({ type: 'result' });
  await expect(exportStore(file, embedded)).rejects.toThrow(`in use by process ${server.pid} `);
  await server.kill('SIGTERM');

  expect(await exportStore(file, embedded)).toMatchObject({ clusters: 1, live: 1, machines: 3, ledger: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(exportStore(file, embedded)).rejects.toThrow('is there already, and was left as it is');
  expect(await importStore(file, shared)).toMatchObject({ clusters: 1, live: 1, machines: 3, ledger: 0 });
  await expect(importStore(file, shared)).rejects.toThrow('in use already');

  server = await startServer(shared);
  expect(await status(server, 'etl')).toMatchObject({ phase: 'ready', workers: { joined: 2 } });
  expect(await server.say('scale etl 3')).toMatchObject({ type: 'result' });
  expect(await server.say('down etl')).toMatchObject({ type: 'result' });
  await server.kill('SIGTERM');
  server = undefined;
  const again = join(home, 'again.jsonl');
  expect(await exportStore(again, shared)).toMatchObject({ clusters: 1, live: 0, machines: 4, ledger: 4 });
});

test('a file that is none leaves no store behind', async () => {
  const bad = join(home, 'bad.jsonl');
  writeFileSync(bad, 'ssh-rsa secret\n');
  const other = { DASKUP_HOME: join(home, 'other') };
  await expect(importStore(bad, other)).rejects.toThrow(/bad\.jsonl was not imported\. It is no export of a store/);
  await expect(importStore(join(home, 'none'), other)).rejects.toThrow('cannot be read (ENOENT)');
  expect(() => statSync(join(home, 'other'))).toThrow('ENOENT');
});
