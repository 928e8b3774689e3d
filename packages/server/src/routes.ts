import { timingSafeEqual } from 'node:crypto';
import type { Answer } from '@daskup/core/answer';
import { parse } from '@daskup/core/command/parse';
import type { Daskup } from '@daskup/core/daskup';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import * as z from 'zod/mini';

const Body = z.object({
  line: z.string().check(z.maxLength(4_000)),
  user: z.string().check(z.minLength(1), z.maxLength(100)),
  environment: z.nullable(
    z.union([
      z.object({ kind: z.literal('python'), path: z.string() }),
      z.object({ kind: z.literal('requirements'), text: z.string().check(z.maxLength(100_000)) }),
    ]),
  ),
});

/**
 * The commands over HTTP. `POST /commands` answers with one JSON {@link Answer} a line, each as it comes, the last of
 * them a result or an error.
 * @param token What `Authorization: Bearer` must carry; null where the way in is protected by itself (a Unix socket).
 */
export function routes(daskup: Daskup, token: string | null, onRequest: () => () => void): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (token !== null && !carries(c.req.header('authorization'), token))
      return c.json({ error: 'no or wrong token' }, 401);
    return next();
  });
  app.get('/health', (c) => c.json({ pid: process.pid }));
  app.post('/commands', async (c) => {
    const body = Body.safeParse(await c.req.json().catch(() => null));
    if (!body.success) return c.json({ error: 'the body must be {line, user, environment}' }, 400);
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

function carries(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function disposable(dispose: () => void): Disposable {
  return { [Symbol.dispose]: dispose };
}
