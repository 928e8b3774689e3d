import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from './testing/service.ts';

// The server as a service would run it: a process, its settings in the environment, TCP besides its socket.
const home = mkdtempSync(join(tmpdir(), 'daskup-server-'));
const TOKEN = 'a-token-of-this-test';
const main = fileURLToPath(new URL('main.ts', import.meta.url));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function started(env: NodeJS.ProcessEnv): ChildProcess & { readonly text: () => string } {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, DASKUP_HOME: home, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return Object.assign(child, { text: () => text });
}

/** What comes of connecting to a Unix socket as another user, if one is given: `connected`, or why not. */
async function reached(socket: string, as: { readonly uid?: number; readonly gid?: number }): Promise<string> {
  const program = `require('node:net').connect(process.argv[1])
    .on('connect', () => process.exit(console.log('connected'))).on('error', ({ code }) => console.log(code))`;
  return (await promisify(execFile)(process.execPath, ['-e', program, socket], { ...as, cwd: '/' })).stdout.trim();
}

describe('a server on TCP', () => {
  let server: ReturnType<typeof started>;
  let url: string;
  const post = (body: unknown, token: string | null = TOKEN) =>
    fetch(`${url}/commands`, {
      method: 'POST',
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const HEAD = `POST /commands HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  /** What comes back first for these bytes. */
  const raw = async (text: string) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(text);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString();
  };
  const order = (line: string) => ({ line, user: 'ada', environment: null });

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = started({ DASKUP_LISTEN: `127.0.0.1:${port}`, DASKUP_TOKEN: TOKEN });
    await vi.waitFor(() => expect(server.text()).toContain('listening'), { timeout: 110_000 });
  });

  test('answers whoever has the token, in JSON a line', async () => {
    const response = await post(order('ls'));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect((await response.text()).split('\n').map((line) => line && JSON.parse(line))).toEqual([
      { type: 'result', result: { verb: 'ls', clusters: [] } },
      '',
    ]);
  });

  test('answers nobody else, whatever is asked', async () => {
    for (const token of [null, '', 'a-token-of-that-test', `${TOKEN}x`, TOKEN.slice(0, -1)]) {
      expect((await post(order('ls'), token)).status, `${token}`).toBe(401);
    }
    expect((await fetch(`${url}/health`)).status).toBe(401);
    expect((await fetch(`${url}/nowhere`)).status).toBe(401);
  });

  test('says what is wrong with what it cannot read or do', async () => {
    for (const body of [
      '',
      '{',
      [],
      {},
      { ...order('ls'), user: '' },
      { ...order('ls'), environment: { kind: 'x' } },
    ]) {
      const response = await post(body);
      expect(response.status, JSON.stringify(body)).toBe(400);
      expect(await response.json()).toEqual({ error: 'the body must be {line, user, environment}' });
    }
    expect(await (await post(order('upp 4'))).json()).toMatchObject({ type: 'error', kind: 'refused' });
    expect(await (await post(order('status nobody'))).json()).toMatchObject({ type: 'error', kind: 'refused' });
  });

  test('refuses what a browser sends, and a host that it is not', async () => {
    const ask = (headers: Record<string, string>) => {
      const { promise, resolve } = Promise.withResolvers<number | undefined>();
      const all = { authorization: `Bearer ${TOKEN}`, ...headers };
      get(`${url}/health`, { headers: all }, (response) => resolve(response.resume().statusCode));
      return promise;
    };
    expect(await ask({})).toBe(200);
    expect(await ask({ host: 'localhost:80' })).toBe(200);
    expect(await ask({ host: 'rebound.example' })).toBe(421);
    expect(await ask({ origin: url })).toBe(403);
  });

  test('says of what is too large by how much, in words for the one who typed it', async () => {
    const long = await post(order(`up 1 python=/${'x'.repeat(4_000)}`));
    expect([long.status, await long.json()]).toEqual([400, { error: 'the command is longer than 4,000 characters' }]);
    const upWith = (text: string) =>
      post({ ...order('up 1'), environment: { kind: 'requirements', text, python: null } });
    const hashes = Array.from({ length: 200_000 }, (_, i) => ((i * 7919) % 65_537).toString(36)).join('');
    expect(await (await upWith(hashes)).json()).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/take \d+ bytes/),
    });
    const huge = await upWith('x'.repeat(5_000_000));
    expect([huge.status, await huge.json()]).toEqual([413, { error: expect.stringContaining('over 1 MiB') }]);
  });

  test('refuses what is too large, however it is sent', async () => {
    const large = JSON.stringify({ ...order('ls'), user: 'x'.repeat(1_200_000) });
    expect(await raw(`${HEAD}Content-Length: ${large.length}\r\n\r\n${large}`)).toMatch(/^HTTP\/1.1 413 /);
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    expect(await raw(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`)).toMatch(/^HTTP\/1.1 413 /);
    expect(await raw(`${HEAD}X: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect((await post(order('ls'))).status).toBe(200);
  });

  test('refuses what is no HTTP, and gives up what does not arrive', async () => {
    expect(await raw('GET / HTTP/1.1\r\nno colon\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    // Two lengths are how one request is hidden in another.
    const smuggling = 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await raw(`${HEAD}${smuggling}`)).toMatch(/^HTTP\/1.1 400 /);
    const started = Date.now();
    const slow = [HEAD, `${HEAD}Content-Length: 100\r\n\r\n{`];
    for (const answer of await Promise.all(slow.map(raw))) expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(Date.now() - started).toBeGreaterThan(9_000);
    expect((await post(order('ls'))).status).toBe(200);
  });

  test('lets no other user of the computer reach its socket', async () => {
    const socket = join(home, 'server.sock');
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(socket).mode & 0o077).toBe(0);
    expect(await reached(socket, {})).toBe('connected');
    // Only root can become somebody else; for whoever runs this as another user the modes have to do.
    if (process.getuid?.() === 0) expect(await reached(socket, { uid: 65_534, gid: 65_534 })).toBe('EACCES');
  });

  test('on SIGTERM ends in order', async () => {
    expect(existsSync(join(home, 'server.sock'))).toBe(true);
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(server.text()).toMatch(/ ended\n$/);
    expect(server.text()).not.toContain(TOKEN);
    expect(existsSync(join(home, 'server.sock'))).toBe(false);
  });
});

test.each([
  [{ DASKUP_LISTEN: '127.0.0.1:80' }, 'DASKUP_LISTEN opens a TCP port: set DASKUP_TOKEN to a secret too'],
  [{ DASKUP_LISTEN: '80' }, 'DASKUP_LISTEN must be an address and a port from 1 to 65535, such as 127.0.0.1:8080'],
  [{ DASKUP_LISTEN: 'localhost:99999', DASKUP_TOKEN: TOKEN }, /^DASKUP_LISTEN must be .* from 1 to 65535/],
  [{ DASKUP_LISTEN: 'localhost:0', DASKUP_TOKEN: TOKEN }, /^DASKUP_LISTEN must be .* from 1 to 65535/],
  [{ DASKUP_AWS_SUBNETS: 'subnet-1,vpc-2' }, /^DASKUP_AWS_SUBNETS must be ids of subnets joined by commas, such as/],
  [{ DASKUP_AWS_VPC: 'default' }, /^DASKUP_AWS_VPC must be ids of VPCs/],
  [{ DASKUP_AWS_SECURITY_GROUPS: 'sg-1,' }, /^DASKUP_AWS_SECURITY_GROUPS must be ids of security groups/],
  [
    { DASKUP_AWS_INSTANCE_PROFILE: 'arn:aws:iam::123456789012:role/reader' },
    /^DASKUP_AWS_INSTANCE_PROFILE must be the name or ARN of an instance profile \(not of a role\)/,
  ],
  [{ DASKUP_TOKEN: 'short' }, 'DASKUP_TOKEN must be at least 16 characters'],
  [{ DASKUP_AWS_CHECKIP: 'http://checkip.example.com' }, /^DASKUP_AWS_CHECKIP must be an https address such as/],
  [{ DASKUP_AWS_CHECKIP: 'checkip' }, /^DASKUP_AWS_CHECKIP must be an https address such as/],
  [
    { DASKUP_SECRET_KEY: 'c2hvcnQ=' },
    'DASKUP_SECRET_KEY must be 32 random bytes in base64, as openssl rand -base64 32 prints them',
  ],
  [{ DATABASE_URL: 'postgres://u:secret@h/d' }, /^DATABASE_URL needs DASKUP_SECRET_KEY too: /],
  [
    { DATABASE_URL: 'mysql://u:secret@h' },
    'DATABASE_URL must be a PostgreSQL address such as postgres://user@host/database',
  ],
  [{ DASKUP_HOME: `/tmp/${'x'.repeat(100)}` }, /^DASKUP_HOME is too long for a socket/],
  [
    { DASKUP_HOME: '/dev/null/x' },
    'DASKUP_HOME must be a folder of yours, and /dev/null/x cannot be made one (ENOTDIR)',
  ],
])('of a bad setting (%j) it says what it must be, in one line, and ends with 2', async (env, message) => {
  const server = started(env);
  expect(await once(server, 'exit')).toEqual([2, null]);
  const said = server
    .text()
    .replace(/^daskup: /, '')
    .trimEnd();
  if (typeof message === 'string') expect(said).toBe(message);
  else expect(said).toMatch(message);
  expect(said).not.toContain('\n');
});

test('of a port that is taken it says so, and ends with 2', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const where = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const server = started({ DASKUP_LISTEN: where, DASKUP_TOKEN: TOKEN });
  expect(await once(server, 'exit')).toEqual([2, null]);
  taken.close();
  expect(server.text()).toContain(`DASKUP_LISTEN must be a free port, and another program listens on ${where}\n`);
});
