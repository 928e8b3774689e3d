import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** A PostgreSQL server of a test's own, reachable through a Unix socket only. Disposing of it ends it and deletes it. */
export interface TestPostgres extends AsyncDisposable {
  readonly pid: number;
  /** Makes an empty database; returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** The rows that a statement returns in that database. */
  query(url: string, statement: string): Promise<Record<string, unknown>[]>;
  /** Ends all its processes at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same data once it was killed. */
  start(): Promise<void>;
  /** Lets all its processes stand still, or go on: connections stay open and nothing is answered. */
  freeze(): void;
  thaw(): void;
}

/** Starts a server; it ends with this process at the latest. @throws {Error} when PostgreSQL is not installed. */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = await findServer();
  // PostgreSQL refuses to run as root.
  const as = process.getuid?.() === 0 ? 'postgres' : null;
  const folder = await mkdtemp(join(tmpdir(), 'daskup-postgres-'));
  try {
    if (as) await chown(folder, await idOf('-u', as), await idOf('-g', as));
    const data = join(folder, 'data');
    const setpriv = as ? [`--reuid=${as}`, `--regid=${as}`, '--clear-groups'] : [];
    const init = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', data];
    await run('setpriv', [...setpriv, join(bin, 'initdb'), ...init], { cwd: folder });

    const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off', 'max_connections=60'];
    const launch = () =>
      launched([
        ...setpriv,
        '--pdeathsig=INT',
        join(bin, 'postgres'),
        '-D',
        data,
        ...settings.flatMap((set) => ['-c', set]),
      ]);
    let server = await launch();
    const signal = (name: NodeJS.Signals) => {
      for (const pid of [server.pid, ...childrenOf(server.pid)]) process.kill(pid, name);
    };
    return {
      get pid() {
        return server.pid;
      },
      async createDatabase(name) {
        await run(join(bin, 'createdb'), ['--host', folder, '--username', 'postgres', name]);
        return `postgres:///${name}?host=${encodeURIComponent(folder)}&user=postgres`;
      },
      async query(url, statement) {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        try {
          return (await client.query(statement)).rows;
        } finally {
          await client.end();
        }
      },
      async kill() {
        signal('SIGKILL');
        await server.closed;
      },
      async start() {
        server = await launch();
      },
      freeze: () => signal('SIGSTOP'),
      thaw: () => signal('SIGCONT'),
      async [Symbol.asyncDispose]() {
        // Fast shutdown: it does not wait for a test's forgotten connection.
        server.end();
        await server.closed;
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Launched {
  readonly pid: number;
  /** Resolves when it and all that it started are gone. */
  readonly closed: Promise<unknown>;
  end(): void;
}

/** Runs the server; resolves once it takes connections. @throws {Error} with what it said when it does not start. */
async function launched(args: readonly string[]): Promise<Launched> {
  const server = spawn('setpriv', args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(server, 'close');
  const log: string[] = [];
  const lines = createInterface({ input: server.stderr });
  const ready = new Promise<boolean>((resolve) => {
    lines.on('line', (line) => {
      log.push(line);
      if (line.includes('ready to accept connections')) resolve(true);
    });
    lines.on('close', () => resolve(false));
  });
  const { pid } = server;
  if (!(await ready) || pid === undefined) throw new Error(`PostgreSQL did not start:\n${log.join('\n')}`);
  return { pid, closed, end: () => server.kill('SIGINT') };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** The folder with the newest server's programs: Debian keeps them out of PATH, others do not. */
async function findServer(): Promise<string> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'));
  for (const folder of [...newest, ...(process.env.PATH ?? '').split(delimiter)]) {
    const found = await access(join(folder, 'initdb')).then(
      () => true,
      () => false,
    );
    if (found) return folder;
  }
  throw new Error('These tests need a PostgreSQL server, which is not installed: run `apt-get install postgresql`.');
}

async function idOf(which: '-u' | '-g', user: string): Promise<number> {
  return Number((await run('id', [which, user])).stdout);
}
