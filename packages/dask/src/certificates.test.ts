import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { issueCredentials } from './certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'daskup-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What openssl, which nobody here wrote, thinks of a certificate. */
function verified(ca: string, cert: string, purpose: string): boolean {
  writeFileSync(join(folder, 'ca.pem'), ca);
  writeFileSync(join(folder, 'cert.pem'), cert);
  const run = spawnSync('openssl', ['verify', '-purpose', purpose, '-CAfile', 'ca.pem', 'cert.pem'], { cwd: folder });
  if (run.error) throw run.error;
  return run.status === 0;
}

test('every role proves itself to its own cluster as client and server, and to no other', async () => {
  const [here, there] = await Promise.all([
    issueCredentials('here', new Date(), 3600),
    issueCredentials('there', new Date(), 3600),
  ]);
  for (const role of ['scheduler', 'worker', 'client'] as const) {
    expect(verified(here.ca.cert, here[role].cert, 'sslclient')).toBe(true);
    expect(verified(here.ca.cert, here[role].cert, 'sslserver')).toBe(true);
    expect(verified(there.ca.cert, here[role].cert, 'sslclient')).toBe(false);
  }
});

test('a certificate is over when its time is', async () => {
  const old = await issueCredentials('old', new Date(Date.now() - 7_200_000), 3600);
  expect(verified(old.ca.cert, old.client.cert, 'sslclient')).toBe(false);
});
