import { spawnSync } from 'node:child_process';
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
// About what asking a cloud's metadata service for the same would take.
const platform = { identify: `export DASKUP_ID=x # ${'-'.repeat(1500)}` };

test.each(['scheduler', 'worker'] as const)('the boot script of a %s fits into user data and is bash', (role) => {
  const script = bootScript(boot(role), platform);
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
  const ran = spawnSync('bash', { input: userData(script), encoding: 'utf8' });
  expect([ran.status, ran.stdout]).toEqual([7, lines(1000)]);
});

test('a requirements file that does not fit is refused in words', () => {
  expect(environmentProblem({ kind: 'requirements', text: lines(5_000), python: null })).toMatch(
    /leave away hashes and comments/,
  );
  expect(environmentProblem({ kind: 'requirements', text: "a==1 ; python_version < '4'\n", python: null })).toBeNull();
  expect(environmentProblem({ kind: 'managed' })).toBeNull();
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
