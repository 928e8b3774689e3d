import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer } from '@daskup/core/answer';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TOKEN = 'a-token-of-this-test';
/** What all servers of a test seal their store with. */
export const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');

/** A server process that listens on TCP, as a service would. */
export interface TestServer {
  readonly pid: number;
  /** All that it logged so far. */
  text(): string;
  /** The last answer to a command: a result or an error. @throws {Error} when the connection is cut before it. */
  say(line: string): Promise<Answer>;
  /** Sends a signal; of one that ends it, resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts one; resolves when it listens. @throws {Error} with what it logged when it ends instead. */
export async function startServer(env: NodeJS.ProcessEnv, ...args: string[]): Promise<TestServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      ...process.env,
      DASKUP_LISTEN: `127.0.0.1:${port}`,
      DASKUP_TOKEN: TOKEN,
      DASKUP_SECRET_KEY: SECRET_KEY,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  let text = '';
  const listens = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      text += chunk;
      if (text.includes('listening on')) resolve();
    });
    child.stderr.on('close', () => reject(new Error(`the server did not start: ${text}`)));
  });
  await listens;
  return {
    pid: child.pid ?? 0,
    text: () => text,
    async say(line) {
      const response = await fetch(`http://127.0.0.1:${port}/commands`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ line, user: 'ada', environment: null }),
      });
      const last = (await response.text()).trimEnd().split('\n').at(-1) ?? '';
      return JSON.parse(last) as Answer;
    },
    async kill(signal) {
      child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited;
    },
  };
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}
