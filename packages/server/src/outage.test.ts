import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type TestPostgres } from '@daskup/store/testing/postgres';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startServer, type TestServer } from './testing/service.ts';

// A server process on a PostgreSQL that goes away under it, while a real cluster runs.
const home = mkdtempSync(join(tmpdir(), 'daskup-outage-'));
const PATIENT = { timeout: 90_000, interval: 200 };
let postgres: TestPostgres;
let admin: string;
let url: string;
let server: TestServer;

beforeAll(async () => {
  postgres = await startPostgres();
  admin = await postgres.createDatabase('outage');
  await postgres.query(admin, 'create role ada login; alter database outage owner to ada');
  url = admin.replace('user=postgres', 'user=ada');
  // As a command would start it, with its timer for leaving.
  server = await startServer({ DASKUP_HOME: home, DATABASE_URL: url }, '--embedded');
});
afterAll(async () => {
  await server?.say('down --all');
  await server?.kill('SIGTERM');
  await postgres?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

const status = async () => {
  const answer = await server.say('status etl');
  if (answer.type !== 'result' || answer.result.verb !== 'status') throw new Error(JSON.stringify(answer));
  return answer.result;
};
const alive = async () =>
  (await status()).machines
    .filter(({ state }) => state !== 'terminated')
    .map(({ id }) => id)
    .toSorted();

test('a cluster lives through a database that is killed, stands still, is full: commands say so, work goes on after', async () => {
  const up = await server.say('up 2 name=etl away=1h');
  expect(up, JSON.stringify(up)).toMatchObject({ type: 'result' });
  const machines = await alive();
  expect(machines).toHaveLength(3);
  const away =
    /^The .* could not be .*: the database does not answer \(.*\)\. Clusters that run go on running; try again once it does\.$/;

  const since = () => server.text().split('this pass failed and comes again').length;
  for (const [fault, mend] of [
    [() => postgres.kill(), () => postgres.start()],
    [() => postgres.freeze(), () => postgres.thaw()],
    [
      () =>
        postgres.query(
          admin,
          `alter database outage connection limit 0;
           select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ada'`,
        ),
      () => postgres.query(admin, 'alter database outage connection limit -1'),
    ],
  ] as const) {
    const before = since();
    await fault();
    const lines = ['ls', 'scale etl 3', 'up 1 name=other', 'down etl'];
    const told = { type: 'error', kind: 'failed', message: expect.stringMatching(away) };
    expect(await Promise.all(lines.map(server.say))).toEqual(lines.map(() => told));
    // Several passes and looks of the timer for leaving fail meanwhile.
    await vi.waitFor(() => expect(since()).toBeGreaterThan(before + 1), PATIENT);
    await mend();
    await vi.waitFor(status, PATIENT);
    expect(await alive()).toEqual(machines);
  }

  expect((await server.say('scale etl 3')).type).toBe('result');
  expect(await alive()).toEqual(expect.arrayContaining(machines));
  expect(server.text()).not.toMatch(/unhandled|uncaught|\n {4}at /i);
});

test('a server that starts while its database is away says so and ends, and harms no other', async () => {
  const socket = join(home, 'server.sock');
  const { ino } = statSync(socket);
  await postgres.kill();
  const started = startServer({ DASKUP_HOME: home, DATABASE_URL: `${url}&password=sesame` });
  await expect(started).rejects.toThrow(
    /daskup: The PostgreSQL database of DATABASE_URL could not be opened: the database does not answer \(/,
  );
  await expect(started).rejects.not.toThrow('sesame');
  await postgres.start();
  expect(statSync(socket).ino).toBe(ino);
  expect(existsSync(socket)).toBe(true);
});
