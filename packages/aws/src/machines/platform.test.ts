import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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

/** Runs bash on a machine whose commands are these and otherwise this computer's; returns what it printed. */
async function ran(lines: string, commands: Readonly<Record<string, string>> = {}): Promise<string> {
  const bin = mkdtempSync(join(folder, 'bin-'));
  // Nothing of it may happen to this computer.
  const harmless = { useradd: 'exit 1', lsblk: '', mdadm: 'exit 1', 'mkfs.ext4': 'exit 1', mount: 'exit 1' };
  for (const [name, body] of Object.entries({ ...harmless, ...commands }))
    writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`, { mode: 0o700 });
  const script = `set -u\nshutdown() { echo shut; }\n${platform.identify}\n${lines}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: {
      PATH: `${bin}:${process.env.PATH}`,
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
function identified(): Promise<string> {
  const shown = ['ID', 'ADDRESS', 'DIR', 'CACHE', 'NOTICE'].map((name) => `$DASKUP_${name}`).join('|');
  return ran(`bash -c 'echo "${shown}"'`);
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

test.each([
  ['made', 'exit 0', 'daskup'],
  ['there already', 'exit 9', 'daskup'],
  ['not to be made', 'exit 1', ''],
])('Dask has a user of its own that is %s, where this is root', async (_, useradd, user) => {
  const isRoot = process.getuid?.() === 0;
  expect(await ran(`bash -c 'echo "$DASKUP_USER"'`, { useradd })).toBe(isRoot ? user : '');
});

describe('the disks of its host', () => {
  const SSD = 'Amazon EC2 NVMe Instance Storage';
  const ROOT = 'echo "/dev/nvme0n1 Amazon Elastic Block Store"';
  const say = (name: string) => `echo ${name} "$@"`;
  const usual = { mdadm: say('mdadm'), 'mkfs.ext4': say('mkfs'), mount: say('mount') };
  const mounted = async (lsblk: string, commands: Readonly<Record<string, string>> = {}) =>
    (await ran('mount_scratch /there && echo done || echo none', { ...usual, lsblk, ...commands })).split('\n');

  test('are left alone where there are none', async () => {
    expect(await mounted(ROOT)).toEqual(['none']);
    expect(await mounted('exit 127')).toEqual(['none']);
  });

  test('are formatted and mounted', async () => {
    expect(await mounted(`${ROOT}; echo "/dev/nvme1n1 ${SSD}"`)).toEqual([
      'mkfs -q -F -m 0 -E nodiscard /dev/nvme1n1',
      'mount -o noatime /dev/nvme1n1 /there',
      'done',
    ]);
  });

  const two = `echo "/dev/nvme1n1 ${SSD}"; ${ROOT}; echo "/dev/nvme2n1 ${SSD}"`;
  test('are one where there are several', async () => {
    expect(await mounted(two)).toEqual([
      'mdadm --create /dev/md0 --run --level=0 --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1',
      'mkfs -q -F -m 0 -E nodiscard /dev/md0',
      'mount -o noatime /dev/md0 /there',
      'done',
    ]);
  });

  test('are the first alone where they cannot be one', async () => {
    expect((await mounted(two, { mdadm: 'exit 1' }))[1]).toBe('mount -o noatime /dev/nvme1n1 /there');
  });

  test('are of no use where they cannot be formatted', async () => {
    expect(await mounted(two, { 'mkfs.ext4': 'exit 1' })).toHaveLength(2);
    expect((await mounted(two, { 'mkfs.ext4': 'exit 1' })).at(-1)).toBe('none');
  });
});
