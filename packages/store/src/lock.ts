import { stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { z } from 'zod';

const Holder = z.object({ pid: z.int(), startedAt: z.int() });
type Holder = z.infer<typeof Holder>;

/** Another process holds the folder; the message names it where it can. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** A holder that does not answer within this is named without its process id; milliseconds. */
const ANSWER_MS = 1000;

/**
 * Takes the right to be the only process with this folder open, until it is disposed of or the process ends in whatever
 * way: the lock is a socket in Linux's abstract namespace (unix(7)), which the kernel takes back with the process, so a
 * crash leaves nothing to clean up. Named by device and inode, not by path: links and other spellings meet the same lock.
 * It does not reach across network namespaces: two containers that share a volume do not see each other.
 * @throws {FolderInUse} when another process holds it; {Error} on a platform without abstract sockets.
 */
export async function lockFolder(
  folder: string,
  platform: NodeJS.Platform = process.platform,
): Promise<AsyncDisposable> {
  if (platform !== 'linux') {
    throw new Error(
      `The embedded database needs Linux: on ${platform} nothing would stop a second process from damaging it. ` +
        'Set DATABASE_URL to a PostgreSQL database instead.',
    );
  }
  const { dev, ino } = await stat(folder, { bigint: true });
  const path = `\0daskup-store-${dev}-${ino}`;
  let server = await listen(path);
  if (!server) {
    const holder = await ask(path);
    // The holder may have ended between the two.
    if (holder === 'gone') server = await listen(path);
    if (!server) throw new FolderInUse(inUse(folder, holder));
  }
  const taken = server;
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => taken.close(() => resolve())) };
}

/** The listening lock, or null when another has it. */
function listen(path: string): Promise<Server | null> {
  const answer = JSON.stringify({ pid: process.pid, startedAt: Date.now() } satisfies Holder);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(answer);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    // A lock is no reason for a process to stay.
    server.listen(path, () => resolve(server.unref()));
  });
}

function ask(path: string): Promise<Holder | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    const settle = (holder: Holder | 'gone' | 'silent') => {
      socket.destroy();
      resolve(holder);
    };
    socket.setEncoding('utf8').setTimeout(ANSWER_MS, () => settle('silent'));
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => settle(parse(text) ?? 'silent'));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED' ? 'gone' : 'silent'));
  });
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function inUse(folder: string, holder: Holder | 'gone' | 'silent'): string {
  const who =
    typeof holder === 'object'
      ? `process ${holder.pid} (since ${new Date(holder.startedAt).toISOString()})`
      : 'another process, which does not say who it is';
  return (
    `${folder} is in use by ${who}. Only one process may open it at a time: talk to that one, or end it with kill ` +
    '(its clusters run on, and the next server goes on with them), ' +
    'or set DATABASE_URL to a PostgreSQL database that several may share.'
  );
}
