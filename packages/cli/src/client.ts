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
import { NODE_FLAGS } from '@daskup/server/node-flags';

// Not imported: an import would fill in every export, among them some that load a whole second HTTP client (20 ms).
const { request } = process.getBuiltinModule('node:http');

/** The embedded database is made on first use, which takes a few seconds on a slow machine; milliseconds. */
const START_MS = 60_000;
/** A start that takes longer is told of; milliseconds. */
const SLOW_MS = 1_000;
/** So long, then twice as long, the server that has the store may take to answer before another is started; milliseconds. */
const PATIENCE_MS = 5_000;

const READS = /^(ls|status|logs|cost|plan|connect|env (ls|show))\b/;

export interface Order {
  readonly line: string;
  readonly user: string;
  readonly environment: Environment | null;
}

/** The server of one home: found if it runs, started in the background if not. */
export class Client {
  readonly home: string;
  readonly #socket: string;
  readonly #logPath: string;
  readonly #onSlowStart: () => void;

  /**
   * @param onSlowStart is called when a server has to be started and takes a while.
   * @throws {BadSetting} when the environment names no home that could be one.
   */
  constructor(env: NodeJS.ProcessEnv, onSlowStart = () => {}) {
    this.home = homeFrom(env);
    this.#socket = socketOf(this.home);
    this.#logPath = join(this.home, 'server.log');
    this.#onSlowStart = onSlowStart;
  }

  /**
   * The server's answers to one command, as they come.
   * @throws {BadSetting} when a server cannot be started as the environment says.
   * @throws {Error} when no server runs and none can be started, or the connection is cut.
   */
  async *send(order: Order): AsyncGenerator<Answer> {
    const response = await this.#post(order).catch((error) => {
      if (!mayBeSentAgain(order, error)) throw error;
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
    const slow = setTimeout(this.#onSlowStart, SLOW_MS);
    try {
      return await this.#startedAndPosted(order);
    } finally {
      clearTimeout(slow);
    }
  }

  async #startedAndPosted(order: Order) {
    const until = Date.now() + START_MS;
    let server = await this.#start();
    let patienceMs = PATIENCE_MS;
    while (Date.now() < until) {
      await delay(50);
      const response = await this.#post(order).catch((error) => {
        if (!mayBeSentAgain(order, error)) throw error;
      });
      if (response) return response;
      if (server.ended && server.ended.code !== IN_USE) break;
      // The one that had the store may have been ending, and have left it to nobody.
      if (server.ended && Date.now() - server.ended.at > patienceMs) {
        server = await this.#start();
        patienceMs *= 2;
      }
    }
    const last = readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').at(-1)?.replace('daskup: ', '') ?? '';
    if (server.ended?.code === BAD_SETTING) throw new BadSetting(last);
    throw new Error(`the server did not start: ${last} (${this.#logPath} has the rest)`);
  }

  async #start(): Promise<Starting> {
    makeHome(this.home);
    const log = openSync(this.#logPath, 'a', 0o600);
    const main = fileURLToPath(import.meta.resolve('@daskup/server/main'));
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [...NODE_FLAGS, main, '--embedded'], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { ...process.env, DASKUP_HOME: this.home },
    });
    const starting: Starting = { ended: null };
    child.on('exit', (code) => {
      starting.ended = { code: code ?? 1, at: Date.now() };
    });
    child.unref();
    closeSync(log);
    return starting;
  }
}

/** A server that was started: of several at once one gets the store, the others end at once with {@link IN_USE}. */
interface Starting {
  ended: { readonly code: number; readonly at: number } | null;
}

/** A server that dies with the connection open may have done a change: then only what changes nothing is sent again. */
function mayBeSentAgain({ line }: Order, { code = '' }: NodeJS.ErrnoException): boolean {
  return ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(code) || (code === 'ECONNRESET' && READS.test(line));
}

/** What a server says of a request that it does not take. */
function messageIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
