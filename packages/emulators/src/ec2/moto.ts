import { spawn } from 'node:child_process';
import { createWriteStream, globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { installLocked } from '../locked-venv.ts';
import type { Guard } from './guard.ts';

const LOCK = fileURLToPath(new URL('moto-requirements.lock', import.meta.url));
const START_MS = 120_000;

/**
 * The folder of an installed moto.
 * @throws {Error} when it cannot be installed.
 */
export function installMoto(): Promise<string> {
  return installLocked('moto', LOCK);
}

/**
 * One of the tables of EC2's facts that moto carries with it: read from its file, since its server takes seconds to print one.
 * @throws {Error} when it has no such table.
 */
export async function motoTable(folder: string, name: string): Promise<unknown> {
  const [file] = globSync(join(folder, 'lib/python3*/site-packages/moto/ec2/resources', `${name}.json.gz`));
  if (!file) throw new Error(`moto in ${folder} has no table ${name}`);
  return JSON.parse(gunzipSync(await readFile(file)).toString());
}

export interface MotoAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Moto's server on a port of this computer, booting or up. */
export class Moto {
  readonly #port: Promise<number>;

  constructor(folder: string, guard: Guard) {
    this.#port = this.#start(folder, guard);
    // Whoever needs it hears of it.
    this.#port.catch(() => {});
  }

  /**
   * What moto answers. Its default VPC is 172.31.0.0/16 in every region; ours are blocks of the loopback network.
   * @param block the region's, as `127.31`.
   * @throws {Error} when moto does not start or does not answer.
   */
  async ask(
    block: string,
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    body: string,
  ): Promise<MotoAnswer> {
    const port = await this.#port;
    const sent = body.replaceAll(`${block}.`, '172.31.');
    const { promise, resolve, reject } = Promise.withResolvers<MotoAnswer>();
    const { 'content-length': _, connection: __, ...rest } = headers;
    const asked = request(
      { host: '127.0.0.1', port, method, path, headers: { ...rest, 'content-length': Buffer.byteLength(sent) } },
      async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += chunk;
        resolve({
          status: answer.statusCode ?? 500,
          headers: answer.headers,
          body: text.replaceAll('172.31.', `${block}.`),
        });
      },
    );
    asked.on('error', reject);
    asked.end(sent);
    return promise;
  }

  async #start(folder: string, guard: Guard): Promise<number> {
    const port = await freePort();
    const log = join(guard.folder, 'moto.log');
    const server = spawn(join(folder, 'bin/moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Credentials of a person here are no business of moto's.
      env: { PATH: process.env.PATH, HOME: guard.folder, LANG: 'C.UTF-8', MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
    });
    if (server.pid === undefined) throw new Error(`${folder}/bin/moto_server cannot be started`);
    guard.add(server.pid);
    const sink = createWriteStream(log);
    sink.on('error', () => {});
    server.stdout.pipe(sink, { end: false });
    server.stderr.pipe(sink, { end: false });
    server.unref();
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && server.exitCode === null) {
      const up = await fetch(`http://127.0.0.1:${port}/moto-api/data.json`, { method: 'HEAD' }).catch(() => null);
      if (up) return port;
      await delay(50);
    }
    throw new Error(`moto did not start: ${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const bound = server.address();
    server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0));
  });
  return promise;
}
