import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Boot } from '@daskup/core/provision/provider';
import { expect, test } from 'vitest';
import { bootScript, environmentProblem } from './boot-script.ts';
import { issueCredentials } from './certificates.ts';
import { MAX_BYTES, userData } from './user-data.ts';

const name = 'a'.repeat(63);
const credentials = await issueCredentials(name, new Date(), 3600);
const boot = (role: 'scheduler' | 'worker', more: Partial<Boot> = {}): Boot => ({
  role,
  clusterName: name,
  scheduler: { address: '255.255.255.255', port: 65_535, controlPort: 65_535 },
  ca: credentials.ca.cert,
  identity: credentials[role],
  environment: { kind: 'managed' },
  expiresAt: Date.now(),
  joinSeconds: 300,
  idleSeconds: 1200,
  ...more,
});
// What EC2's takes and a little more, of text that packs as badly.
const digests = Array.from({ length: 20 }, (_, i) => createHash('sha256').update(`${i}`).digest('hex'));
/** Of the length of a cloud's. */
const FETCH = `true # ${digests.slice(0, 4).join('')}`;
const platform = { identify: `export DASKUP_ID=x # ${digests.join('')}`, fetch: { uv: FETCH, docker: FETCH } };

test.each([
  ['scheduler', { kind: 'managed' }],
  ['worker', { kind: 'managed' }],
  ['scheduler', { kind: 'container', reference: `ghcr.io/${'a'.repeat(240)}:tag` }],
  ['worker', { kind: 'requirements', text: 'dask\n', python: { from: 12, to: 12 } }],
] as const)('the boot script of a %s with %o fits into user data and is bash', (role, environment) => {
  const script = bootScript(boot(role, { environment }), platform);
  expect(userData(script).length).toBeLessThan(MAX_BYTES);
  const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
  expect(checked.stderr).toBe('');
});

const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => `package-${i}==${i}.${i * 7}.${i * 13}\n`).join('');

test('user data with the longest requirements file that is taken fits', () => {
  let text = lines(100);
  for (
    let count = 100;
    environmentProblem({ kind: 'requirements', text: lines(count), python: null }) === null;
    count++
  )
    text = lines(count);
  expect(text.length).toBeGreaterThan(8_000);
  const script = bootScript(boot('scheduler', { environment: { kind: 'requirements', text, python: null } }), platform);
  expect(userData(script).length).toBeLessThan(MAX_BYTES);
});

test('user data runs the script it was packed from', () => {
  const script = `IFS= read -r -d '' text <<'END'\n${lines(1000)}END\nprintf '%s' "$text"; exit 7`;
  const ran = spawnSync('bash', { input: gunzipSync(userData(script)), encoding: 'utf8' });
  expect([ran.status, ran.stdout]).toEqual([7, lines(1000)]);
});

test('a requirements file that does not fit is refused in words', () => {
  expect(environmentProblem({ kind: 'requirements', text: lines(5_000), python: null })).toMatch(
    /leave away hashes and comments/,
  );
  expect(environmentProblem({ kind: 'requirements', text: "a==1 ; python_version < '4'\n", python: null })).toBeNull();
  expect(environmentProblem({ kind: 'managed' })).toBeNull();
});

test('a pinned lock of many packages fits, and what is for an older Python than machines have does not', () => {
  // As uv locks Dask with a stack of notebooks and clouds: 80 packages are a fifth of the room that there is.
  expect(environmentProblem({ kind: 'requirements', text: lines(400), python: null })).toBeNull();
  const old = { kind: 'requirements', text: 'dask\n', python: { from: 8, to: 10 } } as const;
  expect(environmentProblem(old)).toBe(
    'The environment is for Python 3.10, and machines take 3.11 or newer. Make it for a newer one',
  );
  expect(environmentProblem({ ...old, python: { from: 8, to: 11 } })).toBeNull();
  expect(environmentProblem({ kind: 'client', interpreter: '/venv/bin/python', python: 10, versions: {} })).toBe(
    '/venv/bin/python is Python 3.10, and machines take 3.11 or newer. Activate a newer one, or say env= or python=',
  );
});

test('whatever a path holds, it stays one word of the script', () => {
  const path = `/opt/it's $(touch /tmp/never)/python`;
  const script = bootScript(boot('worker', { environment: { kind: 'python', path } }), platform);
  const line = script.split('\n').find((other) => other.startsWith('export DASKUP_ROLE')) ?? '';
  const echoed = spawnSync('bash', ['-c', `${line}\nprintf %s "$DASKUP_PYTHON"`], { encoding: 'utf8' });
  expect(echoed.stdout).toBe(path);
});

test('nobody but who is meant to has a key: a worker gets neither the authority nor another role', () => {
  const script = bootScript(boot('worker'), platform);
  expect(script).toContain(credentials.worker.key.trim());
  for (const secret of [credentials.ca.key, credentials.scheduler.key, credentials.client.key]) {
    expect(script).not.toContain(secret.trim());
  }
});
