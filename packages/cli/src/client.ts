import { closeSync, openSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Answer } from '@daskup/core/answer';
import type { Environment } from '@daskup/core/spec/spec';
import { BAD_SETTING, IN_USE } from '@daskup/server/exit-code';
import { BadSetting, homeFrom, makeHome, socketOf } from '@daskup/server/home';

// Not imported: an import would fill in every export, among them some that load a whole second HTTP client (20 ms).
const { request } = process.getBuiltinModule('node:http');

/** The embedded database is made on first use, which takes a few seconds on a slow machine; milliseconds. */
const START_MS = 60_000;

const READS = /^(ls|status|logs|cost|plan|connect)\b/;

export interface Order {
  readonly line: string;
  readonly user: string;
  readonly environment: Environment | null;
}

/** The server of one home: found if it runs, started in the background if not. */
export class Client {
  readonly home: string;
  readonly #socket: string;

  /** @throws {BadSetting} when the environment names no home that could be one. */
  constructor(env: NodeJS.ProcessEnv) {
    this.home = homeFrom(env);
    this.#socket = socketOf(this.home);
  }

  /**
   * The server's answers to one command, as they come.
   * @throws {BadSetting} when a server cannot be started as the environment says.
   * @throws {Error} when no server runs and none can be started, or the connection is cut.
   */
  async *send(order: Order): AsyncGenerator<Answer> {
    const response = await this.#post(order).catch((error: NodeJS.ErrnoException) => {
      // A server that dies with the connection open may have done a change: only what changes nothing is asked again.
      const absent = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(error.code ?? '');
      if (!absent && !(error.code === 'ECONNRESET' && READS.test(order.line))) throw error;
      return this.#startAndPost(order);
    });
    yield* this.#answers(response);
  }

  /** The live clusters' names, as far as a server that runs knows them: none is started for this. */
  async names(user: string): Promise<readonly string[]> {
    const response = await this.#post({ line: 'ls', user, environment: null }).catch(() => null);
    if (!response) return [];
    for await (const answer of this.#answers(response)) {
      if (answer.type === 'result' && answer.result.verb === 'ls')
        return answer.result.clusters.map(({ name }) => name);
    }
    return [];
  }

  async *#answers(response: IncomingMessage): AsyncGenerator<Answer> {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) {
      const message = messageIn((await response.toArray()).join('')) ?? `the server answered ${statusCode}`;
      const ours = statusCode >= 400 && statusCode < 500;
      return yield { type: 'error', kind: ours ? 'refused' : 'failed', message };
    }
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as Answer;
  }

  #post(order: Order) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { 'content-type': 'application/json' };
    const call = request({ socketPath: this.#socket, path: '/commands', method: 'POST', headers }, resolve);
    call.on('error', reject);
    call.end(JSON.stringify(order));
    return promise;
  }

  async #startAndPost(order: Order) {
    const path = join(this.home, 'server.log');
    makeHome(this.home);
    const log = openSync(path, 'a', 0o600);
    const main = fileURLToPath(import.meta.resolve('@daskup/server/main'));
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [main, '--embedded'], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { ...process.env, DASKUP_HOME: this.home },
    });
    let failed: number | null = null;
    child.on('exit', (code) => {
      // Of several started at once one gets the store; the others leave it the field, and their callers wait for it.
      if (code !== IN_USE) failed = code ?? 1;
    });
    child.unref();
    closeSync(log);
    const until = Date.now() + START_MS;
    while (Date.now() < until && failed === null) {
      await delay(50);
      const response = await this.#post(order).catch(() => null);
      if (response) return response;
    }
    const last = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)?.replace('daskup: ', '') ?? '';
    if (failed === BAD_SETTING) throw new BadSetting(last);
    throw new Error(`the server did not start: ${last} (${path} has the rest)`);
  }
}

/** What a server says of a request that it does not take. */
function messageIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
