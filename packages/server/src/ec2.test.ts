import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Result } from '@daskup/core/answer';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { startPostgres, type TestPostgres } from '@daskup/store/testing/postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Server, until } from './testing/server.ts';
import { startServer, type TestServer } from './testing/service.ts';

// What EC2 makes possible, which no single computer does: servers with nothing in common but a database, or not even that.
const REGION = 'us-east-1';

let ec2: Ec2;
beforeAll(async () => {
  ec2 = await startEc2();
});
afterEach(() => ec2.control.calm());
afterAll(() => ec2?.close());

const alive = () => ec2.control.state().instances.filter(({ state }) => state !== 'terminated');
const roleOf = (role: string) => alive().filter(({ tags }) => tags['daskup:role'] === role);

test('a store that is lost with its server: machines end themselves, and the next server leaves them to it', async () => {
  const server = new Server(ec2);
  try {
    await server.start();
    await server.say(`up 2 ${REGION} name=lost ttl=30s`);
    await server.kill();
    rmSync(join(server.home, 'store'), { recursive: true });
    await server.start();
    expect((await server.say<'ls'>('ls')).clusters).toEqual([]);
    // Not its own: another installation may be at work there.
    expect(alive()).toHaveLength(3);
    await until(alive, (left) => left.length === 0);
  } finally {
    await server.close();
  }
});

/** Two servers of two computers on one database, of which the one that has the lease dies at a moment. */
class Replicas {
  static async open(): Promise<Replicas> {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase('ec2');
    const root = mkdtempSync(join(tmpdir(), 'daskup-replicas-ec2-'));
    const servers = await Promise.all(
      ['one', 'other'].map((home) => startServer({ ...ec2.env, DASKUP_HOME: join(root, home), DATABASE_URL: url })),
    );
    return new Replicas(postgres, url, root, servers);
  }

  readonly #postgres: TestPostgres;
  readonly #url: string;
  readonly #root: string;
  readonly #servers: readonly TestServer[];

  private constructor(postgres: TestPostgres, url: string, root: string, servers: readonly TestServer[]) {
    this.#postgres = postgres;
    this.#url = url;
    this.#root = root;
    this.#servers = servers;
  }

  get first(): TestServer {
    return this.#servers[0] as TestServer;
  }

  /** The server that works on the only cluster, and one that does not. */
  async roles(): Promise<{ readonly holder: TestServer; readonly other: TestServer }> {
    const pid = await until(
      async () =>
        String((await this.#postgres.query(this.#url, 'select lease_holder from clusters'))[0]?.lease_holder).split(
          ' ',
        )[1],
      (found) => this.#servers.some((server) => String(server.pid) === found),
    );
    const holder = this.#servers.find((server) => String(server.pid) === pid) as TestServer;
    return { holder, other: this.#servers.find((server) => server !== holder) as TestServer };
  }

  async ledger(): Promise<{ readonly machines: number; readonly micros: number }> {
    const [sum] = await this.#postgres.query(
      this.#url,
      'select count(*) as machines, sum(micros) as micros from ledger',
    );
    return { machines: Number(sum?.machines), micros: Number(sum?.micros) };
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await server.kill('SIGKILL');
    await this.#postgres[Symbol.asyncDispose]();
    rmSync(this.#root, { recursive: true });
  }
}

function resultOf<V extends Result['verb']>(answer: Answer): Extract<Result, { readonly verb: V }> {
  if (answer.type !== 'result') throw new Error(JSON.stringify(answer));
  return answer.result as Extract<Result, { readonly verb: V }>;
}

test('of two servers of one database the one in the middle of a launch is killed: the other goes on, and none is launched twice', async () => {
  const replicas = await Replicas.open();
  const before = ec2.control.left();
  try {
    // EC2 does it, and whoever asked does not learn of it.
    ec2.control.setFaults({ failAfter: { CreateFleet: 99 } });
    const asked = replicas.first.say(`up 3 ${REGION} name=etl`).catch(() => null);
    await until(
      () => roleOf('worker'),
      (workers) => workers.length === 3,
    );
    const { holder, other } = await replicas.roles();
    await holder.kill('SIGKILL');
    await asked;
    ec2.control.calm();
    const status = async () => resultOf<'status'>(await other.say('status etl'));
    await until(status, ({ cluster }) => {
      expect(roleOf('worker').length).toBeLessThanOrEqual(3);
      expect(roleOf('scheduler').length).toBeLessThanOrEqual(1);
      return cluster.phase === 'ready' && cluster.workers.joined === 3;
    });
    resultOf<'down'>(await other.say('down etl'));
    const { instances } = ec2.control.state();
    const mine = instances.filter(({ tags }) => tags['daskup:cluster'] === 'etl').map(({ id }) => id);
    expect(mine).toHaveLength(4);
    expect(ec2.control.left()).toEqual(before);
    const bills = ec2.control.meter().bills.filter(({ id }) => mine.includes(id));
    const micros = bills.reduce((sum, bill) => sum + bill.micros, 0);
    expect(await replicas.ledger()).toEqual({ machines: 4, micros });
  } finally {
    await replicas.close();
  }
});
