import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

// Real Dask on instances that share nothing: what is not in their image they install.
let shell: ShellOnEc2;
beforeAll(async () => {
  shell = await ShellOnEc2.open({ cache: 'own' });
});
afterEach(async () => {
  await shell.daskup('down', '--all', '--yes');
  shell.control.calm();
});
afterAll(() => shell?.close());

/** What the machines of a new cluster printed once its worker had joined, and after how many seconds that was. */
async function booted(name: string): Promise<{ readonly seconds: number; readonly printed: string }> {
  const started = performance.now();
  await shell.say(`up 1 eu-west-2 x86 name=${name}`);
  const seconds = (performance.now() - started) / 1000;
  const { cluster } = await shell.say<'status'>(`status ${name}`);
  expect(cluster.workers.joined).toBe(1);
  const { boots } = await shell.say<'logs'>(`logs ${name}`);
  return { seconds, printed: boots.map(({ text }) => text).join('\n') };
}

test('with a baked image machines install nothing, and real Dask joins; without it once more they do', async () => {
  const before = await booted('before');
  expect(before.printed).toContain('software environment: fetching Dask');

  const bake = await shell.daskup('bake', 'aws', 'eu-west-2', 'x86');
  expect(bake.err).toMatch(/^daskup: eu-west-2 x86_64: i-\w+ makes the environment$/m);
  expect(bake.out).toMatch(/^ami-\w+ is ready in eu-west-2 for x86_64: clusters of this environment there boot it/);
  expect(bake.code).toBe(0);
  const [image = ''] = /ami-\w+/.exec(bake.out) ?? [];
  expect((await shell.daskup('bake', 'aws', 'ls')).out).toMatch(
    new RegExp(`^${image} +eu-west-2 +x86_64 .* available`, 'm'),
  );

  const after = await booted('after');
  expect(after.printed).toContain('starting dask worker');
  expect(after.printed).not.toContain('software environment');
  console.log(`from up to joined: ${before.seconds.toFixed(1)} s, with a baked image ${after.seconds.toFixed(1)} s`);

  expect(await shell.daskup('bake', 'aws', 'rm', image)).toMatchObject({ code: 0, out: `${image} deleted\n` });
  expect(await shell.daskup('bake', 'aws', 'ls', '--json')).toMatchObject({ out: '{"verb":"bake","images":[]}\n' });
  await shell.daskup('down', '--all', '--yes');
  expect((await booted('again')).printed).toContain('software environment: fetching Dask');
}, 400_000);

test.each([
  [['bake'], 'bake needs a provider: aws'],
  [['bake', 'aws', 'europe-west1'], 'europe-west1 is no region of AWS'],
  [['bake', 'aws', 'eu-west-2', 'spot'], 'bake takes a region, arm, env= and image=, not market'],
  [['bake', 'aws', 'eu-west-2+eu-west-1'], 'an image is of one region: bake for each'],
  [['bake', 'aws', 'image=ubuntu'], 'image: ubuntu has no tag; did you mean ubuntu:latest?'],
  [
    ['bake', 'aws', 'image=ghcr.io/org/name:tag'],
    'ghcr.io/org/name:tag is an image already: only packages can be baked',
  ],
  [
    ['bake', 'aws', 'env=etl'],
    'env=etl: what is kept under a name only a server knows, and bake asks none; name the file',
  ],
  [['bake', 'aws', 'rm'], 'bake aws rm needs images: bake aws ls lists them'],
])('%j is told what is wrong with it', async (words, message) => {
  expect(await shell.daskup(...words)).toMatchObject({ code: 2, out: '', err: `daskup: ${message}\n` });
});

test('packages are not baked with a password, and nothing is made of them', async () => {
  const file = join(shell.home, 'secret.txt');
  writeFileSync(file, '--extra-index-url https://ada:s3cret@index.example.org/simple\ntoolz\n');
  const bake = await shell.daskup('bake', 'aws', 'eu-west-2', `env=${file}`);
  expect(bake).toMatchObject({ code: 2, out: '' });
  expect(bake.err).toMatch(/^daskup: line 1 of the requirements has a user or password in its URL, .*\n$/);
  expect(bake.err).not.toContain('s3cret');
});

test('an image to begin with must be there, and one to be deleted baked by daskup', async () => {
  const id = 'ami-00000000000000000';
  const base = await shell.daskup('bake', 'aws', 'eu-west-2', `image=${id}`);
  expect(base).toMatchObject({ code: 1, out: '' });
  expect(base.err).toContain(`daskup: AWS, eu-west-2: there is no image ${id}, or these credentials may not see it`);
  const rm = await shell.daskup('bake', 'aws', 'rm', id);
  expect(rm).toMatchObject({
    code: 1,
    err: `daskup: ${id} is no image that daskup has baked; bake aws ls lists them\n`,
  });
});
