import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interpreterOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// A real server and a real cluster, every command in words and in JSON, and then a search for every secret there is in
// everything that anybody could come to see.
const home = mkdtempSync(join(tmpdir(), 'daskup-security-'));
const bin = fileURLToPath(new URL('../bin/daskup.js', import.meta.url));
const TOKEN = 'a-token-that-nobody-may-see';
const env: NodeJS.ProcessEnv = {
  ...process.env,
  VIRTUAL_ENV: '',
  CONDA_PREFIX: '',
  DASKUP_HOME: home,
  DASKUP_TOKEN: TOKEN,
};
/** What the server and every command printed. */
const printed: { readonly by: string; text: string }[] = [];
/** Files that hold secrets because they must: whoever speaks TLS needs its key. */
const KEEPERS = [
  /^secret\.key$/,
  /^connections\/[a-z]+\.yaml$/,
  /^local\/machines\/m-\w+\/(boot\.sh|(ca|cert|key)\.pem)$/,
];

function daskup(line: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  execFile(process.execPath, [bin, ...line.split(' ')], { env, timeout: 100_000 }, (error, out, err) => {
    printed.push({ by: line, text: out + err });
    if (error) reject(new Error(`${line}: ${err}`));
    else resolve();
  });
  return promise;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** The body of a PEM text, its lines joined: what is left of it when somebody prints it otherwise. */
function bodiesOf(text: string): string[] {
  return [...text.matchAll(/-----BEGIN [A-Z ]+-----([\s\S]*?)-----END/g)].map(([, body = '']) =>
    body.replace(/\s/g, ''),
  );
}

/** Every key and certificate of the clusters that is in a file, the token, and the key of the store. */
function secretsKept(): readonly string[] {
  const pem = files(home)
    .filter((path) => isKeeper(path))
    .flatMap((path) => bodiesOf(readFileSync(path, 'utf8')));
  return [...new Set([...pem, readFileSync(join(home, 'secret.key'), 'utf8').trim(), TOKEN])];
}

function isKeeper(path: string): boolean {
  return KEEPERS.some((keeper) => keeper.test(relative(home, path)));
}

/** Which of the secrets are in it, as they are, in lines, escaped, or as bytes. */
function found(secrets: readonly string[], bytes: Buffer): string[] {
  const text = bytes.toString('latin1').replace(/\\n|\s/g, '');
  // An authority's private key is in no file. It would be known by how every such key begins.
  return [...secrets, 'PRIVATEKEY', 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg'].filter(
    (secret) => text.includes(secret) || (secret.length > 40 && bytes.includes(Buffer.from(secret, 'base64'))),
  );
}

/** What is open to others than its owner. */
function open(folder: string): string[] {
  const paths = [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ];
  return paths.flatMap((path) => {
    const mode = lstatSync(path).mode & 0o777;
    return mode & 0o077 ? [`${relative(home, path)} ${mode.toString(8)}`] : [];
  });
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/** A file of a process's in /proc; empty when the process is gone or another user's. */
function ofProcess(pid: number, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** Processes that know this test's home: its server and its machines. */
const ours = () =>
  pids().filter((pid) => ofProcess(pid, 'environ').includes(home) || ofProcess(pid, 'cmdline').includes(home));

/** Every command line that any process of the computer had meanwhile, as `ps` would have shown it to anybody. */
const commandLines = new Set<string>();
/** What the processes of machines, and those that see to them, were started with. */
const environments = new Map<string, string>();
const watching = setInterval(() => {
  for (const pid of pids()) {
    const line = ofProcess(pid, 'cmdline');
    commandLines.add(line);
    const environment = ofProcess(pid, 'environ');
    // Whoever starts a server, as a command does, hands it the token in its environment. It goes no further.
    if (environment.includes(home) && !/daskup\.js|main\.ts/.test(line)) environments.set(line, environment);
  }
}, 100);

beforeAll(async () => {
  env.DASKUP_LISTEN = `127.0.0.1:${await freePort()}`;
  for (const line of ['up 2 spot name=etl away=1h', 'connect etl', 'status etl', 'logs etl', 'scale etl 1']) {
    await daskup(line);
  }
  for (const verb of ['up 1 name=brief', 'connect brief', 'down brief']) await daskup(`${verb} --json`);
  const refused = await fetch(`http://${env.DASKUP_LISTEN}/commands`, { headers: { authorization: 'Bearer wrong' } });
  printed.push({ by: 'wrong token', text: await refused.text() });
}, 180_000);
afterAll(async () => {
  clearInterval(watching);
  await daskup('down --all --yes');
  for (const pid of ours()) process.kill(pid, 'SIGTERM');
  await vi.waitFor(() => expect(ours()).toEqual([]), { timeout: 30_000 });
  rmSync(home, { recursive: true });
});

test('of a cluster that lives and one that is over, all files are 0600, folders and programs 0700', async () => {
  expect(open(home)).toEqual([]);
  await daskup('reclaim etl --json');
  expect(open(home)).toEqual([]);
  const { cache } = settingsFrom(env);
  const environment = dirname(dirname(interpreterOf({ kind: 'managed' }, cache) ?? ''));
  // Within it are what an installer made, maybe as links into a cache of its own; nobody else gets that far.
  for (const folder of [cache, environment]) expect(lstatSync(folder).mode & 0o777).toBe(0o700);
});

test("no key, token or certificate is in an answer, a log, a list of processes or a machine's environment", async () => {
  for (const verb of ['ls', 'status etl', 'logs etl', 'cost today by type', 'plan 4 spot', 'connect etl']) {
    await daskup(`${verb} --json`);
  }
  await daskup('scale etl 2 --json');
  await daskup('extend etl 1h --json');
  for (const wrong of ['up 1 name=etl', 'connect nobody', 'status brief', 'connect brief --json', 'logs brief']) {
    await daskup(wrong).catch(() => {});
  }
  const secrets = secretsKept();
  // Of two clusters the authority's certificate, and two roles' certificates and keys; the client's of the one that lives.
  expect(secrets).toHaveLength(2 * 5 + 2 + 2);

  const kept = files(home);
  for (const path of kept.filter(isKeeper)) expect(found(secrets, readFileSync(path)), path).not.toEqual([]);
  // A database packs what is long, and a search would not find it: the store's own tests hold that it has nothing in clear.
  const places = kept
    .map((path) => relative(home, path))
    .filter((path) => !isKeeper(join(home, path)) && !path.startsWith('store/'));
  expect(places).toEqual(expect.arrayContaining(['server.log', expect.stringMatching(/boot\.log$/)]));
  for (const place of places) expect(found(secrets, readFileSync(join(home, place))), place).toEqual([]);

  expect(printed.length).toBeGreaterThan(20);
  for (const { by, text } of printed) expect(found(secrets, Buffer.from(text)), by).toEqual([]);

  expect([...commandLines].filter((line) => /boot\.sh|distributed/.test(line)).length).toBeGreaterThan(2);
  for (const line of commandLines) expect(found(secrets, Buffer.from(line)), line).toEqual([]);

  expect(environments.size).toBeGreaterThan(2);
  for (const [line, environment] of environments) expect(found(secrets, Buffer.from(environment)), line).toEqual([]);
});
