import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { interpreterOf } from '@daskup/dask/environment';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ended, Shell } from './testing/shell.ts';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

// As people at shells of two computers: the real program and its server, real Dask on instances of a stand-in for EC2 whose
// security groups decide who gets to its public addresses.
const AWAY = '127.77.0.5';

let shell: ShellOnEc2;
/** Another computer: it is seen from {@link AWAY}. */
let laptop: Pick<Shell, 'daskup'>;
const checkip = createServer((_, response) => response.end(AWAY));

beforeAll(async () => {
  shell = await ShellOnEc2.open();
  checkip.listen(0, '127.0.0.1');
  await once(checkip, 'listening');
  const { port } = checkip.address() as AddressInfo;
  laptop = shell.from({ DASKUP_AWS_CHECKIP: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await shell?.daskup('down', '--all', '--yes');
  await shell?.close();
  checkip.close();
});

const fileOf = ({ out }: Ended) => /DASK_CONFIG='(.*)'/.exec(out)?.[1] ?? '';

/** Whether a TLS connection with the client's certificate comes about from this address. */
async function reaches(file: string, localAddress: string, portOf = (port: number) => port): Promise<boolean> {
  const text = readFileSync(file, 'utf8');
  const [, host = '', port = ''] = /tls:\/\/([\d.]+):(\d+)/.exec(text) ?? [];
  const pems = [...text.matchAll(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g)].map(([pem]) =>
    pem.replaceAll(/^ +/gm, ''),
  );
  const [ca, cert] = pems.filter((pem) => pem.includes('CERTIFICATE'));
  const key = pems.find((pem) => pem.includes('PRIVATE KEY'));
  // A client of Dask does not ask for a name either.
  const secureContext = createSecureContext({ ca, cert, key });
  const socket = connect({
    secureContext,
    checkServerIdentity: () => undefined,
    socket: connectTcp({ host, port: portOf(Number(port)), localAddress }),
  });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** How often each call was made in the region since the last time this was asked. */
function calls(): Readonly<Record<string, number>> {
  const made = shell.control.calls()['us-east-1'] ?? {};
  shell.control.forgetCalls();
  return made;
}

test('a cluster comes up at a public address, and a bare Client() computes on it', { timeout: 300_000 }, async () => {
  expect(await shell.daskup('up', '2', 'us-east-1', 'name=etl')).toMatchObject({ code: 0, err: expect.any(String) });
  const connected = await shell.daskup('connect', 'etl');
  expect(connected.code).toBe(0);
  const { addresses } = shell.control.state();
  expect(addresses).toHaveLength(1);
  expect(readFileSync(fileOf(connected), 'utf8')).toContain(`tls://${addresses[0]}:8786`);
  const python = interpreterOf(
    { kind: 'managed' },
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'daskup/environments'),
  );
  const program = 'from dask.distributed import Client\nprint(Client().submit(sum, [1, 2, 3]).result())';
  const env = { ...process.env, DASK_CONFIG: fileOf(connected) };
  const { stdout } = await promisify(execFile)(python ?? '', ['-c', program], { env, timeout: 60_000 });
  expect(stdout).toBe('6\n');
  // Who is where the server is needs nothing.
  expect(calls()).not.toHaveProperty('ModifyNetworkInterfaceAttribute');
});

test('a second cluster takes at most six calls from up to ready, besides looks and prices', {
  timeout: 300_000,
}, async () => {
  calls();
  expect(await shell.daskup('up', '2', 'us-east-1', 'name=again')).toMatchObject({ code: 0 });
  const made = calls();
  const counted = Object.entries(made).filter(([action]) => !/^(Describe|Get)|:/.test(action));
  expect(counted.reduce((sum, [, times]) => sum + times, 0)).toBeLessThanOrEqual(6);
  expect(made).not.toHaveProperty('DescribeSubnets');
  expect(made).not.toHaveProperty('DescribeSecurityGroups');
  expect(await shell.daskup('down', 'again')).toMatchObject({ code: 0 });
});

test('another computer is kept out until it connects, and then let in to Dask’s port alone', {
  timeout: 200_000,
}, async () => {
  const file = fileOf(await shell.daskup('connect', 'etl'));
  expect(await reaches(file, AWAY)).toBe(false);
  const connected = await laptop.daskup('connect', 'etl');
  expect(connected).toMatchObject({ code: 0, err: '' });
  expect(await reaches(file, AWAY)).toBe(true);
  expect(await reaches(file, AWAY, (port) => port + 1)).toBe(false);
  expect(await reaches(file, '127.77.0.6')).toBe(false);
  // Said for somebody else, as from Slack.
  expect(await shell.daskup('connect', 'etl', 'from', '127.78.0.0/16')).toMatchObject({ code: 0 });
  expect(await reaches(file, '127.78.9.9')).toBe(true);
});

test('who cannot be told where he is gets his file, and how to say it', { timeout: 100_000 }, async () => {
  const lost = await shell.from({ DASKUP_AWS_CHECKIP: 'http://127.0.0.1:9' }).daskup('connect', 'etl');
  expect(lost).toMatchObject({ code: 0, out: expect.stringContaining('DASK_CONFIG') });
  expect(lost.err).toMatch(/does not tell.*connect etl from ADDRESS\n$/);
});

test('what would let in the world is refused, and so is an address that is none', { timeout: 100_000 }, async () => {
  for (const words of [
    ['up', '1', 'us-east-1', 'allow=0.0.0.0/0'],
    ['connect', 'etl', 'from', '0.0.0.0/0'],
    ['up', '1', 'us-east-1', 'allow=office'],
    ['up', '1', 'local', 'allow=203.0.113.0/24'],
    ['plan', '1', 'us-east-1', 'allow=128.0.0.0/1'],
  ])
    expect(await shell.daskup(...words)).toMatchObject({ code: 2, out: '' });
});

test('an account without an address for another cluster hears it in a line, and nothing of that is left', {
  timeout: 200_000,
}, async () => {
  const before = shell.control.state();
  shell.control.setQuotas({ 'L-0263D0A3': 1 });
  const { code, err } = await shell.daskup('up', '1', 'us-east-1', 'name=second');
  shell.control.setQuotas({ 'L-0263D0A3': 5 });
  expect(code).toBe(1);
  expect(err).toMatch(/^daskup: second failed: .*Elastic IP.*DASKUP_AWS_NETWORK=private.*quotas\/L-0263D0A3/m);
  expect(shell.control.state()).toEqual(before);
});

test('credentials that expire where it was before are told in a line, and nothing is left', {
  timeout: 200_000,
}, async () => {
  const before = shell.control.state();
  shell.control.setFaults({ refused: { '*': 'ExpiredToken' } });
  const { code, err } = await shell.daskup('up', '1', 'us-east-1', 'name=third');
  shell.control.calm();
  expect(code).toBe(1);
  expect(err).toMatch(/^daskup: third .*credentials have expired.*aws sso login/m);
  expect(shell.control.state()).toEqual(before);
  await shell.until(
    () => shell.daskup('ls'),
    ({ out }) => !out.includes('third'),
  );
});

test('with its end all of it is gone but the installation’s group, which lets in the server alone', {
  timeout: 200_000,
}, async () => {
  expect(await shell.daskup('down', '--all', '--yes')).toMatchObject({ code: 0 });
  await shell.until(
    () => shell.control.state(),
    ({ interfaces, addresses, templates }) => interfaces.length + addresses.length + templates.length === 0,
  );
  expect(shell.instances('etl')).toEqual([]);
});
