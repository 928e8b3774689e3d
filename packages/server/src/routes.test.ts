import type { Daskup } from '@daskup/core/daskup';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { routes } from './routes.ts';

const TOKEN = 'a-token-of-this-test';
// Nothing behind the door is asked for.
const app = routes({} as Daskup, { token: TOKEN, host: 'localhost' }, () => () => {});
const status = async (authorization: string) =>
  (await app.request('http://localhost/health', { headers: { host: 'localhost', authorization } })).status;

/** What a header can carry. */
const text = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const near = fc.oneof(
  text,
  fc.integer({ min: 0, max: TOKEN.length - 1 }).map((length) => TOKEN.slice(0, length)),
  text.map((more) => TOKEN + more),
  text.map((more) => more + TOKEN),
  fc.tuple(fc.nat(TOKEN.length - 1), text).map(([at, other]) => TOKEN.slice(0, at) + other + TOKEN.slice(at + 1)),
);

test.prop([near], { numRuns: 500 })('a token is the whole token or none, of whatever length', async (token) => {
  expect(await status(`Bearer ${token}`)).toBe(token === TOKEN ? 200 : 401);
  expect(await status(token)).toBe(401);
  expect(await status(`Bearer ${TOKEN}`)).toBe(200);
});
