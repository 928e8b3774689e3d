import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { platform } from './platform.ts';

// A metadata service as EC2's: version 2 alone.
const TOKEN = 'a-token';
let folder: string;
let server: Server;
let facts: Record<string, string>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daskup-imds-'));
  facts = { 'instance-id': 'i-0123456789abcdef0', 'local-ipv4': '172.31.0.9', 'instance-life-cycle': 'spot' };
  server = createServer(({ method, url = '', headers }, response) => {
    if (method === 'PUT' && url === '/latest/api/token' && headers['x-aws-ec2-metadata-token-ttl-seconds'])
      return response.end(TOKEN);
    const fact = facts[url.replace('/latest/meta-data/', '')];
    const status = headers['x-aws-ec2-metadata-token'] === TOKEN ? (fact === undefined ? 404 : 200) : 401;
    return response.writeHead(status).end(fact);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function identified(): Promise<string> {
  const shown = ['ID', 'ADDRESS', 'DIR', 'CACHE', 'NOTICE'].map((name) => `$DASKUP_${name}`).join('|');
  const script = `set -u\nshutdown() { echo shut; }\n${platform.identify}\nbash -c 'echo "${shown}"'`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: {
      PATH: process.env.PATH,
      DASKUP_DIR: join(folder, 'dir'),
      DASKUP_CACHE: join(folder, 'cache'),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint(),
      // Not to be asked for what is on this machine.
      http_proxy: 'http://127.0.0.1:9',
    },
    timeout: 60_000,
  });
  return stdout.trim();
}
const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test('a spot machine learns who it is, and where a notice would come', async () => {
  const expected = ['i-0123456789abcdef0', '172.31.0.9', join(folder, 'dir'), join(folder, 'cache'), endpoint()];
  expect(await identified()).toBe(expected.join('|'));
});

test('to an on-demand machine no notice can come', async () => {
  facts['instance-life-cycle'] = 'on-demand';
  expect((await identified()).endsWith('|')).toBe(true);
});

test('a machine that cannot learn who it is ends itself, and nothing else happens', async () => {
  delete facts['instance-id'];
  expect(await identified()).toBe('daskup: 0s ending: its metadata service does not answer\nshut');
});
