import { execFileSync } from 'node:child_process';
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Account, base64, eventually } from './testing/account.ts';
import { emulator } from './testing/emulator.ts';

const PYTHON = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
const ec2 = emulator({ containers: { 'ghcr.io/org/name:1': PYTHON } });

/** What a machine with docker prints for this. */
async function printed(script: string): Promise<string> {
  const me = new Account(ec2());
  const UserData = base64(`#!/bin/bash\n${script}\necho "end"; exec sleep 600\n`);
  const [instance] = await me.run({ UserData });
  const read = async () => {
    const asked = new GetConsoleOutputCommand({ InstanceId: instance?.InstanceId, Latest: true });
    return Buffer.from((await me.ec2.send(asked)).Output ?? '', 'base64').toString();
  };
  return (await eventually(read, (text) => text.endsWith('end\n'))).replace(/end\n$/, '');
}
const INSTALL = 'apt-get -q update; apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends docker.io';

test('an instance has no docker before it was installed, and no other package is to be had', async () => {
  expect(
    await printed(`
docker info; echo $?; podman info; echo $?
apt-get install -y docker.io; echo $?
apt-get update; apt-get install -y nginx; echo $?
${INSTALL}; echo $?; docker info`),
  ).toBe(
    '127\n127\nE: Unable to locate package docker.io\n100\nE: Unable to locate package nginx\n100\n0\nServer Version: a stand-in\n',
  );
});

test('a container is a process of its image, with what it was handed and nothing else', async () => {
  const code =
    'import os, sys; print(os.getcwd() == sys.argv[1], os.environ.get("GIVEN"), os.environ.get("HIDDEN"), sys.stdin.read())';
  expect(
    await printed(`${INSTALL}
export GIVEN=yes HIDDEN=no
docker image inspect ghcr.io/org/name:1; docker pull -q ghcr.io/org/name:1; docker image inspect ghcr.io/org/name:1
docker run --rm -i --network host --user "$(id -u):$(id -g)" --security-opt label=disable -v "$PWD:$PWD" -w "$PWD" -e GIVEN \\
  -e ABSENT --entrypoint python3 ghcr.io/org/name:1 -c '${code}' "$PWD" <<<text
docker run --rm --entrypoint python3 ghcr.io/org/name:1 -c 'raise SystemExit(7)'; echo $?`),
  ).toBe('Error response from daemon: No such image: ghcr.io/org/name:1\nTrue yes None text\n\n7\n');
});

test('what a registry does not have, and what the stand-in does not understand, is refused', async () => {
  expect(
    await printed(`${INSTALL}
docker pull -q ghcr.io/org/name:2; echo $?
docker run --rm --entrypoint python3 ghcr.io/org/other:1; echo $?
docker run --privileged ghcr.io/org/name:1; echo $?
docker run -v /elsewhere:/here ghcr.io/org/name:1; echo $?
docker run --network bridge ghcr.io/org/name:1; echo $?
docker compose up; echo $?`),
  ).toBe(`Error response from daemon: manifest for ghcr.io/org/name:2 not found: manifest unknown: manifest unknown
1
Error response from daemon: manifest for ghcr.io/org/other:1 not found: manifest unknown: manifest unknown
125
docker: unknown flag: --privileged
125
docker: /elsewhere:/here cannot be mounted here
125
docker: there is no network bridge here
125
docker: 'compose' is not understood here
125
`);
});
