import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A PostgreSQL server of a test's own, reachable through a Unix socket only. Disposing of it ends it and deletes it. */
export interface TestPostgres extends AsyncDisposable {
  readonly pid: number;
  /** Makes an empty database; returns its URL. */
  createDatabase(name: string): Promise<string>;
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
    const server = spawn(
      'setpriv',
      [...setpriv, '--pdeathsig=INT', join(bin, 'postgres'), '-D', data, ...settings.flatMap((set) => ['-c', set])],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const closed = once(server, 'close');
    const { pid } = server;
    const end = async () => {
      // Fast shutdown: it does not wait for a test's forgotten connection.
      if (server.exitCode === null && server.signalCode === null) server.kill('SIGINT');
      await closed;
      await rm(folder, { recursive: true, force: true });
    };
    const log: string[] = [];
    const lines = createInterface({ input: server.stderr });
    const ready = new Promise<boolean>((resolve) => {
      lines.on('line', (line) => {
        log.push(line);
        if (line.includes('ready to accept connections')) resolve(true);
      });
      lines.on('close', () => resolve(false));
    });
    if (!(await ready) || pid === undefined) {
      await end();
      throw new Error(`PostgreSQL did not start:\n${log.join('\n')}`);
    }
    return {
      pid,
      async createDatabase(name) {
        await run(join(bin, 'createdb'), ['--host', folder, '--username', 'postgres', name]);
        return `postgres:///${name}?host=${encodeURIComponent(folder)}&user=postgres`;
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
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
