import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '@daskup/server/node-flags';
import { startPostgres } from '@daskup/store/testing/postgres';
import { median, megabytes, ms } from './measure.ts';

// How long the server takes to start, how large it is, and how many commands a second it answers; each against the least
// that a program in its place would take: a Node server on the same kind of socket that answers with the same bytes.
const STARTS = 5;
const COMMANDS_MS = 4_000;
const IN_FLIGHT = 4;
const CLUSTERS = 1_000;

const root = mkdtempSync(join(tmpdir(), 'daskup-bench-'));
const main = fileURLToPath(import.meta.resolve('@daskup/server/main'));
const fleetServer = fileURLToPath(new URL('fleet-server.ts', import.meta.url));
const bare = join(root, 'bare.mjs');
writeFileSync(
  bare,
  `import { createServer } from 'node:http'; import { readFileSync } from 'node:fs';
const [folder] = process.argv.slice(2);
createServer((request, response) => {
  let body = '';
  request.on('data', (part) => (body += part)).on('end', () => {
    response.setHeader('content-type', 'application/x-ndjson');
    response.end(readFileSync(folder + '/' + JSON.parse(body).line.split(' ')[0]));
  });
}).listen(folder + '/server.sock');`,
);

/** A server in a process of its own, on a socket in a folder of its own. */
class Served {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.folder = folder;
    // Its group is its own: what Ctrl-C ends here, the last lines below end there.
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, DASKUP_HOME: folder, ...env },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The whole answer to a command. */
  ask(line: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = { 'content-type': 'application/json' };
    const where = { socketPath: join(this.folder, 'server.sock'), path: '/commands', agent: this.#agent };
    const call = request({ ...where, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end(JSON.stringify({ line, user: 'bench', environment: null }));
    return promise;
  }

  /** Resolves with its first answer. */
  async first(): Promise<string> {
    for (;;) {
      const answer = await this.ask('ls').catch(() => null);
      if (answer !== null) return answer;
      if (this.#child.exitCode !== null) throw new Error(`the server ended with ${this.#child.exitCode}`);
      await delay(5);
    }
  }

  async perSecond(line: string): Promise<number> {
    const started = performance.now();
    let answers = 0;
    const one = async () => {
      while (performance.now() - started < COMMANDS_MS / 2) {
        await this.ask(line);
        answers += 1;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
    return answers / ((performance.now() - started) / 1000);
  }

  async [Symbol.asyncDispose]() {
    this.#agent.destroy();
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

/** A PostgreSQL server's processes. */
function withChildren(pid: number): number[] {
  const parent = (other: string) => {
    try {
      return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${other}/status`, 'utf8'))?.[1]);
    } catch {
      return Number.NaN;
    }
  };
  return [
    pid,
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && parent(name) === pid)
      .map(Number),
  ];
}

let folders = 0;
const newFolder = () => mkdtempSync(join(root, `${folders++}-`));

try {
  const postgresStarted = performance.now();
  await using postgres = await startPostgres();
  const postgresSeconds = (performance.now() - postgresStarted) / 1000;
  const databaseUrl = await postgres.createDatabase('bench');

  // Start-up: from the spawn to the answer to `ls`.
  const started = async (served: () => Served) => {
    const before = performance.now();
    await using server = served();
    await server.first();
    return (performance.now() - before) / 1000;
  };
  const embeddedHome = newFolder();
  const sharedHome = newFolder();
  const bareHome = newFolder();
  writeFileSync(join(bareHome, 'ls'), '{}\n');
  const first = await started(() => new Served(embeddedHome, [...NODE_FLAGS, main]));
  console.log(
    `start, embedded store, first time: ${ms(first)}; initdb and start of a PostgreSQL server ${ms(postgresSeconds)}, ratio ${(first / postgresSeconds).toFixed(2)}`,
  );
  await started(() => new Served(sharedHome, [main], { DATABASE_URL: databaseUrl }));
  const times = { bare: [] as number[], embedded: [] as number[], postgres: [] as number[] };
  for (let i = 0; i < STARTS; i++) {
    times.bare.push(await started(() => new Served(bareHome, [bare, bareHome])));
    rmSync(join(bareHome, 'server.sock'), { force: true });
    times.embedded.push(await started(() => new Served(embeddedHome, [...NODE_FLAGS, main])));
    times.postgres.push(await started(() => new Served(sharedHome, [main], { DATABASE_URL: databaseUrl })));
  }
  const least = median(times.bare);
  for (const [name, all] of [
    ['embedded store', times.embedded],
    ['PostgreSQL', times.postgres],
  ] as const) {
    console.log(
      `start, ${name}, again: ${ms(median(all))}; a bare Node server ${ms(least)}, ratio ${(median(all) / least).toFixed(2)}`,
    );
  }

  // Memory of a server that nobody uses.
  const resting = async (served: () => Served) => {
    await using server = served();
    await server.first();
    await delay(3_000);
    return [megabytes([server.pid]), megabytes(withChildren(postgres.pid))] as const;
  };
  const [bareSize] = await resting(() => new Served(bareHome, [bare, bareHome]));
  rmSync(join(bareHome, 'server.sock'), { force: true });
  const [embeddedSize] = await resting(() => new Served(embeddedHome, [...NODE_FLAGS, main]));
  const [sharedSize, databaseSize] = await resting(() => new Served(sharedHome, [main], { DATABASE_URL: databaseUrl }));
  const both = sharedSize + databaseSize;
  console.log(
    `memory, PostgreSQL, idle: ${sharedSize.toFixed(0)} MB; a bare Node server ${bareSize.toFixed(0)} MB, ratio ${(sharedSize / bareSize).toFixed(2)}`,
  );
  console.log(
    `memory, embedded store, idle: ${embeddedSize.toFixed(0)} MB; a server and the PostgreSQL it uses ${both.toFixed(0)} MB, ratio ${(embeddedSize / both).toFixed(2)}`,
  );

  // With clusters: memory once some passes are over, then commands.
  for (const store of ['embedded store', 'PostgreSQL'] as const) {
    const home = newFolder();
    const url = store === 'PostgreSQL' ? [await postgres.createDatabase('fleet')] : [];
    const flags = store === 'PostgreSQL' ? [] : NODE_FLAGS;
    await using server = new Served(home, [...flags, fleetServer, String(CLUSTERS), home, ...url]);
    await server.first();
    await delay(10_000);
    const idle = store === 'PostgreSQL' ? sharedSize : embeddedSize;
    const size = megabytes([server.pid]);
    console.log(
      `memory, ${store}, ${CLUSTERS} clusters of 20 machines: ${size.toFixed(0)} MB, ratio to idle ${(size / idle).toFixed(2)}`,
    );
    const plainHome = newFolder();
    const lines = ['ls', 'status etl-7', 'plan 50 cpu=4 memory=8GB spot'];
    for (const line of lines) writeFileSync(join(plainHome, line.split(' ')[0] ?? ''), await server.ask(line));
    await using plain = new Served(plainHome, [bare, plainHome]);
    await plain.first();
    for (const line of lines) {
      const [theirs, ours] = [[] as number[], [] as number[]];
      for (let turn = 0; turn < 2; turn++) {
        theirs.push(await plain.perSecond(line));
        ours.push(await server.perSecond(line));
      }
      const [own, other] = [Math.max(...ours), Math.max(...theirs)];
      console.log(
        `${line}, ${store}, ${CLUSTERS} clusters: ${own.toFixed(own < 10 ? 1 : 0)} a second; a bare Node server with the same answers ${other.toFixed(0)}, ratio ${(other / own).toFixed(1)}`,
      );
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
