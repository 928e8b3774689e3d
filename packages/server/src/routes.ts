import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Answer } from '@daskup/core/answer';
import { parse } from '@daskup/core/command/parse';
import type { Daskup } from '@daskup/core/daskup';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import * as z from 'zod/mini';

const minor = z.int().check(z.nonnegative(), z.maximum(99));
/** Package names and versions, which become lines of a requirements file. */
const Versions = z.record(z.string().check(z.regex(/^[a-z0-9-]{1,40}$/)), z.string().check(z.regex(/^[\w.!-]{1,40}$/)));

const Body = z.object({
  line: z.string().check(z.maxLength(4_000, 'the command is longer than 4,000 characters')),
  user: z.string().check(z.minLength(1), z.maxLength(100, "the user's name is longer than 100 characters")),
  environment: z.nullable(
    z.union([
      z.object({ kind: z.literal('python'), path: z.string() }),
      z.object({
        kind: z.literal('requirements'),
        text: z.string(),
        python: z.nullable(z.object({ from: minor, to: z.nullable(minor) })),
      }),
      z.object({ kind: z.literal('client'), interpreter: z.string(), python: minor, versions: Versions }),
    ]),
  ),
});

/** Far more than a requirements file that fits a machine, so that most of the others are told by how much they do not; bytes. */
const BODY_BYTES = 1024 * 1024;
const TOO_LARGE =
  'the command and its packages are over 1 MiB, and a machine takes a few KB of them: name a container (image=) or an interpreter (python=) that has them';

/** What protects the way in over TCP. A Unix socket is protected by its folder. */
export interface Guard {
  /** What `Authorization: Bearer` must carry. */
  readonly token: string;
  /** The host that the server was told to listen on. */
  readonly host: string;
}

/**
 * The commands over HTTP. `POST /commands` answers with one JSON {@link Answer} a line, each as it comes, the last of
 * them a result or an error. What is no such request is answered with a status from 400 and `{error}`, a line for people.
 */
export function routes(daskup: Daskup, guard: Guard | null, onRequest: () => () => void): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    // No browser is a client of this, so nothing that only a browser sends is welcome.
    if (c.req.header('origin') !== undefined) return c.json({ error: 'this is not for browsers' }, 403);
    if (guard && !isOwn(c.req.header('host') ?? '', guard.host)) return c.json({ error: 'this is another host' }, 421);
    if (guard && !carries(c.req.header('authorization'), guard.token))
      return c.json({ error: 'no or wrong token' }, 401);
    return next();
  });
  app.use(bodyLimit({ maxSize: BODY_BYTES, onError: (c) => c.json({ error: TOO_LARGE }, 413) }));
  app.get('/health', (c) => c.json({ pid: process.pid }));
  app.post('/commands', async (c) => {
    const body = Body.safeParse(await c.req.json().catch(() => null));
    if (!body.success) {
      const long = body.error.issues.find(({ code }) => code === 'too_big');
      return c.json({ error: long?.message ?? 'the body must be {line, user, environment}' }, 400);
    }
    const { line, user, environment } = body.data;
    const parsed = parse(line);
    c.header('content-type', 'application/x-ndjson');
    return stream(c, async (out) => {
      using done = disposable(onRequest());
      void done;
      const write = (answer: Answer) => out.write(`${JSON.stringify(answer)}\n`);
      if (!parsed.ok) {
        await write({ type: 'error', kind: 'refused', message: parsed.error.message });
        return;
      }
      for await (const answer of daskup.perform(parsed.command, { user, environment })) {
        if (out.aborted) return;
        await write(answer);
      }
    });
  });
  return app;
}

/** By the name that the server knows itself under, or by an address: a stranger's name may have been pointed here. */
function isOwn(header: string, host: string): boolean {
  const name = header.replace(/:\d+$/, '');
  return name === host || name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** By hashes, which are all of one length: how long it takes tells nothing of the token, not even how long that is. */
function carries(header: string | undefined, token: string): boolean {
  return timingSafeEqual(sha256(header ?? ''), sha256(`Bearer ${token}`));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function disposable(dispose: () => void): Disposable {
  return { [Symbol.dispose]: dispose };
}
