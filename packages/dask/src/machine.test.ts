import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment, PythonRange } from '@daskup/core/spec/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootScript } from './boot-script.ts';
import { issueCredentials } from './certificates.ts';

// How a machine comes by its Python, as its boot log tells it. That Dask then runs on it is tested where clusters are.
const root = mkdtempSync(join(tmpdir(), 'daskup-machine-'));
const credentials = await issueCredentials('test', new Date(), 3600);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let machines = 0;
const requiring = (text: string, python: PythonRange | null = null): Environment => ({
  kind: 'requirements',
  text,
  python,
});

/**
 * Boots a worker that has these programs and no others; returns what it printed.
 * @param more of the lines by which it learns who it is.
 */
async function booted(
  software: string | Environment,
  programs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
  more = '',
) {
  const folder = join(root, `machine-${machines++}`);
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'shutdown'), '#!/bin/bash\nkill -KILL -- "-$DASKUP_GROUP"\n', { mode: 0o700 });
  for (const name of [
    'bash',
    'mkdir',
    'rm',
    'tail',
    'sleep',
    'flock',
    'base64',
    'gzip',
    'head',
    'timeout',
    'realpath',
  ]) {
    symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name));
  }
  for (const [name, path] of Object.entries(programs)) {
    if (path.startsWith('/')) symlinkSync(path, join(bin, name));
    else writeFileSync(join(bin, name), path, { mode: 0o700 });
  }
  const identify =
    `export DASKUP_ID=m-1 DASKUP_ADDRESS=127.7.7.7 DASKUP_DIR=${folder} DASKUP_CACHE=${join(root, 'cache')} ` +
    `DASKUP_NOTICE= DASKUP_THREADS=1 DASKUP_MEMORY=1 DASKUP_GROUP=$$\n${more}`;
  const script = bootScript(
    {
      role: 'worker',
      clusterName: 'test',
      scheduler: { address: '127.7.7.8', port: 1, controlPort: 2 },
      ca: credentials.ca.cert,
      identity: credentials.worker,
      environment: typeof software === 'string' ? requiring(software) : software,
      expiresAt: Date.now() + 120_000,
      joinSeconds: 1,
      idleSeconds: 60,
    },
    { identify },
  );
  writeFileSync(join(folder, 'boot.sh'), script);
  // Whatever it starts ends with it: the timer of its TTL would else outlive the test.
  const run = promisify(execFile)('/usr/bin/setsid', ['--wait', '/bin/bash', 'boot.sh'], {
    cwd: folder,
    env: { ...process.env, PATH: bin, HOME: root, ...env },
    timeout: 100_000,
  });
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  return stdout;
}

const PYTHON = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
let uv = '';
beforeAll(() => {
  execFileSync(PYTHON, ['-m', 'venv', join(root, 'uv')]);
  execFileSync(join(root, 'uv/bin/python'), [
    '-m',
    'pip',
    'install',
    '-q',
    '--disable-pip-version-check',
    'uv==0.13.9',
  ]);
  uv = join(root, 'uv/bin/uv');
}, 120_000);

test('uv is used where it is, the next machine finds what the first one made, and other requirements are another environment', async () => {
  const first = await booted('toolz==1.0.0\n', { uv, python3: PYTHON });
  expect(first).toContain('fetching Dask with uv');
  expect(first).toContain('software environment: made');
  expect(first).toContain('ending: its Python has no Dask. Add dask[distributed] to the requirements');
  const second = await booted('toolz==1.0.0\n', { python3: PYTHON });
  expect(second).not.toContain('software environment');
  expect(await booted('toolz==0.12.1\n', { uv, python3: PYTHON })).toContain('software environment: made');
});

test('without uv, pip does the same', async () => {
  const log = await booted('toolz==0.12.0\n', { python3: PYTHON });
  expect(log).toContain('fetching Dask with pip');
  expect(log).toContain('software environment: made');
});

test.each([
  ['uv', () => ({ uv, python3: PYTHON })],
  ['pip', () => ({ python3: PYTHON })],
] as const)('with no package index, %s fails in words, and the next machine tries again', async (name, programs) => {
  const nowhere = { PIP_INDEX_URL: 'http://127.0.0.1:9/', UV_INDEX_URL: 'http://127.0.0.1:9/', PIP_RETRIES: '1' };
  const text = `toolz==0.11.2 # ${name}\n`;
  expect(await booted(text, programs(), nowhere)).toMatch(
    new RegExp(`ending: .*${name} could not reach the package index`),
  );
  expect(await booted(text, programs())).toContain('software environment: made');
});

test.each([
  ['uv', () => ({ uv, python3: PYTHON })],
  ['pip', () => ({ python3: PYTHON })],
] as const)('of packages that there are not, %s does not blame the index', async (name, programs) => {
  for (const text of [`toolz==99.99 # ${name}\n`, `daskup-has-no-such-package # ${name}\n`]) {
    expect(await booted(text, programs())).toMatch(
      new RegExp(`ending: .*${name} found no packages that are as the requirements say. Mend the requirements`),
    );
  }
});

/** The environment of these requirements that the first machine made. */
async function made(text: string): Promise<string> {
  const before = environments();
  expect(await booted(text, { uv, python3: PYTHON })).toContain('software environment: made');
  const folder = environments().find((other) => !before.includes(other));
  if (folder === undefined) throw new Error('none was made');
  return folder;
}
const environments = () => globSync(join(root, 'cache/*-3.*')).filter((path) => !path.endsWith('.lock'));

test('an environment whose interpreter is gone, as after an upgrade of the system, is made anew', async () => {
  const text = 'toolz==0.11.1\n';
  const interpreter = join(await made(text), 'bin/python');
  rmSync(interpreter);
  symlinkSync('/nowhere/python3', interpreter);
  expect(await booted(text, { uv, python3: PYTHON })).toContain('software environment: made');
  expect(await booted(text, { uv, python3: PYTHON })).not.toContain('software environment');
});

test('an environment whose interpreter has become another version is made anew', async () => {
  const text = 'toolz==0.11.0\n';
  const interpreter = join(await made(text), 'bin/python');
  rmSync(interpreter);
  writeFileSync(interpreter, '#!/bin/bash\necho 3.99\n', { mode: 0o700 });
  expect(await booted(text, { uv, python3: PYTHON })).toContain('software environment: made');
});

test('what machines that were ended in the middle have left is removed, but not what one is just making', async () => {
  const [left, busy] = ['left', 'busy'].map((name) => join(root, 'cache', `${name}-3.11`)) as [string, string];
  for (const folder of [left, busy]) mkdirSync(folder, { recursive: true });
  const making = spawn('flock', [`${busy}.lock`, 'sh', '-c', 'echo held; read -r go'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(making.stdout, 'data');
  await made('toolz==0.10.0\n');
  expect([left, busy].map((folder) => existsSync(folder))).toEqual([false, true]);
  // The first one of all found nothing to remove.
  expect(existsSync(join(root, 'cache', '*.lock'))).toBe(false);
  making.stdin.end();
});

test('without Python, with one that is too old, and without venv, it is told what to install', async () => {
  expect(await booted('toolz\n', {})).toContain(
    'there is no Python 3.11 or newer here. Install it with its venv module (python3-venv), or uv',
  );
  const old = '#!/bin/bash\necho 3.9; exit 1\n';
  expect(await booted('toolz\n', { python3: old })).toContain(
    'there is no Python 3.11 or newer here, but 3.9. Install it',
  );
  const bare = '#!/bin/bash\n[[ $1 == -ISc ]] && echo 3.11\n';
  expect(await booted('toolz\n', { python3: bare })).toContain('Install python3-venv, or uv');
});

/** Stands in for Python, and so for Dask: does this, in its place and as its user. */
function acting(body: string): Environment {
  const path = join(root, `python-${machines}`);
  writeFileSync(path, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  return { kind: 'python', path };
}
const which = (...names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => [name, execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()]),
  );

describe.skipIf(process.getuid?.() !== 0)('Dask with a user of its own', () => {
  const TOOLS = { ...which('setpriv', 'id', 'chown', 'chmod', 'cat', 'touch'), test: '/usr/bin/test' };
  const asNobody = (software: Environment, more = '') => {
    chmodSync(root, 0o711);
    return booted(software, TOOLS, {}, `export DASKUP_USER=nobody\n${more}`);
  };

  test('reads its certificates, writes where it works, and has no other right', async () => {
    const log = await asNobody(
      acting(`
echo "who: $(id -un) in $PWD at home in $HOME"
for file in ca.pem cert.pem key.pem dask.yaml preload.py; do cat "../$file" >/dev/null && echo "reads $file"; done
cat /etc/shadow 2>/dev/null && echo 'reads what is not its own'
: 2>/dev/null >../more && echo 'writes where it must not'
: >mine && echo 'writes where it works'
echo 'it was told to' >reason`),
    );
    expect(log).toMatch(/who: nobody in (\S+\/work) at home in \1\n/);
    expect(log.match(/^reads .*$/gm)).toEqual(
      ['ca.pem', 'cert.pem', 'key.pem', 'dask.yaml', 'preload.py'].map((name) => `reads ${name}`),
    );
    expect(log.match(/^writes .*$/gm)).toEqual(['writes where it works']);
    expect(log).toMatch(/ending: it was told to\n$/);
  });

  test('moves the deadline that root keeps, and has root run nothing', async () => {
    const log = await asNobody(
      acting(`
echo 'now[$(touch ../trap >&2)]' >deadline
for i in 1 2; do : >seen; until [[ ../alive -nt seen ]]; do sleep 0.1; done; done
[[ -e ../trap ]] && echo 'root ran it'
echo 1 >deadline
sleep 60`),
    );
    expect(log).not.toContain('root ran it');
    expect(log).toMatch(/ending: its TTL is over\n$/);
  });

  test('owns the disk that it spills to', async () => {
    const body = `mount_scratch() { echo mounted; }`;
    const log = await asNobody(acting(`echo "$@"; : >../scratch/mine && echo 'writes there'`), body);
    expect(log).toMatch(/--local-directory \S+\/scratch /);
    expect(log).toContain('writes there');
  });
});

test.each([
  ['has none', ''],
  ['cannot have it', 'mount_scratch() { echo no such device; return 1; }'],
])('a machine that %s of its own disks spills where it works', async (_, lines) => {
  expect(await booted(acting('echo "$@"'), {}, {}, lines)).toMatch(/--local-directory \S+\/work /);
});

test('a version of Python that was asked for is found by its name, and is another environment', async () => {
  const [, own = ''] =
    /^3\.(\d+)/.exec(
      execFileSync(PYTHON, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }),
    ) ?? [];
  const minor = Number(own);
  const text = 'toolz==0.9.0\n';
  const other = '#!/bin/bash\necho 3.30\n';
  const only = { from: minor, to: minor };
  expect(await booted(requiring(text, only), { python3: other, [`python3.${minor}`]: PYTHON })).toContain(
    'environment: made',
  );
  expect(await booted(requiring(text, only), {})).not.toContain('software environment:');
  // What was made for one is not taken for another.
  expect(await booted(requiring(text, { from: minor + 1, to: minor + 2 }), { python3: PYTHON })).toContain(
    `there is no Python 3.${minor + 1} to 3.${minor + 2} here, but 3.${minor}. Install it`,
  );
  expect(await booted(requiring(text, { from: 99, to: 99 }), { python3: PYTHON })).toContain(
    'no Python 3.99 here, but',
  );
  expect(await booted(requiring(text, { from: 99, to: 99 }), { uv, python3: PYTHON })).toContain(
    'uv found no Python 3.99',
  );
});

test.each([
  ['is left to its cloud, and ends itself when that does not take it', '', true],
  ['ends at once after its first hour, which is paid for in any case', 'SECONDS=3500', false],
])('a machine that its cloud takes %s', async (_, lines, waits) => {
  const emptied = acting('echo "$(($(printf "%(%s)T") - 58))" >taken; echo spot reclaim >reason');
  const log = await booted(emptied, {}, {}, lines);
  expect(log.includes('waiting for the cloud to take the machine')).toBe(waits);
  expect(log).toMatch(/ending: spot reclaim\n$/);
});
