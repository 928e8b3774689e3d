import { setTimeout as delay } from 'node:timers/promises';
import { EC2 } from '@aws-sdk/client-ec2';
import type { LaunchBatch } from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import { softwareOf } from '@daskup/dask/environment';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bakedIn } from '../images/baked-images.ts';
import { NOTHING_OWN } from '../own.ts';
import { AwsSweeper } from '../sweeper.ts';
import { Account, REGION } from '../testing/account.ts';
import { bake, type Recipe, remove } from './bake.ts';

let account: Account;
let ec2: EC2;
beforeAll(async () => {
  account = await Account.open({ cache: 'own', hollow: 'daskup:role=worker' });
  ec2 = new EC2({ region: REGION });
});
afterEach(async () => {
  account.ec2.control.calm();
  account.ec2.control.refill();
  for (const { id } of await bakedIn(ec2)) await remove(ec2, id);
});
afterAll(() => account?.close());

const AROUND = { isPublic: false, own: NOTHING_OWN, now: Date.now };

const requirements = (text: string) => ({ kind: 'requirements', text, python: null }) as const;
/** Of packages: with none there is least to wait for. */
function recipe(text: string, base: Recipe['base'] = null): Recipe {
  const packages = softwareOf(requirements(text));
  if (!('cacheKey' in packages)) throw new Error('these are packages');
  return { region: REGION, architecture: 'x86_64', packages, base };
}

/** Bakes, and returns what was said, or as much of it as was until one of it matched. */
async function baking(wanted: Recipe, until?: RegExp, around = AROUND): Promise<readonly string[]> {
  const said: string[] = [];
  for await (const line of bake(ec2, wanted, around)) {
    said.push(line);
    // A process that dies here.
    if (until?.test(line)) break;
  }
  return said;
}

const alive = () => account.ec2.control.state().instances.filter(({ state }) => state !== 'terminated');
async function nothingRuns(): Promise<void> {
  for (let tries = 0; alive().length > 0 && tries < 600; tries++) await delay(100);
  expect(alive()).toEqual([]);
}

test('an image has the environment and tells what it is of; baked again it takes the place of the first', async () => {
  const wanted = recipe('# nothing\n');
  const said = await baking(wanted);
  expect(said.join('\n')).toMatch(
    /software environment: made\n\d+s ending: its environment is in place, with Python 3\.\d+\nami-\w+ is being/,
  );
  const [first] = await bakedIn(ec2);
  expect(first).toMatchObject({
    architecture: 'x86_64',
    cacheKey: wanted.packages.cacheKey,
    base: 'stock',
    state: 'available',
    sizeGiB: 20,
  });
  await nothingRuns();
  await baking(wanted);
  const images = await bakedIn(ec2);
  expect(images).toHaveLength(1);
  expect(images[0]?.id).not.toBe(first?.id);
  const { Snapshots = [] } = await ec2.describeSnapshots({ OwnerIds: ['self'] });
  expect(Snapshots.map(({ SnapshotId }) => SnapshotId)).toEqual(images[0]?.snapshotIds);
  await nothingRuns();
});

test.each([
  ['once its machine is there', /makes the environment/],
  ['while that installs', /fetching/],
  ['once its image is asked for', /is being made/],
])('a run that dies %s is gone on with, with no second machine and no second image', async (_, until) => {
  const wanted = recipe(`# ${until}\n`);
  const before = account.ec2.control.state().instances.length;
  await baking(wanted, until);
  await baking(wanted);
  expect(await bakedIn(ec2)).toHaveLength(1);
  expect(account.ec2.control.state().instances).toHaveLength(before + 1);
  await nothingRuns();
});

test('packages that there are not are told as the machine tells it, and nothing is left', async () => {
  await expect(baking(recipe('daskup-has-no-such-package\n'))).rejects.toThrow(
    /^Nothing was baked. software environment: .* Mend the requirements$/,
  );
  expect(await bakedIn(ec2)).toEqual([]);
  await nothingRuns();
});

test('a machine that never runs its script is terminated some minutes after its life, and that is said', async () => {
  account.ec2.control.setFaults({ neverBoot: 1 });
  let ahead = 0;
  const around = { ...AROUND, now: () => Date.now() + ahead };
  const wanted = recipe('# hung\n');
  await baking(wanted, /makes the environment/, around);
  expect(alive()).toHaveLength(1);
  ahead = 51 * 60_000;
  await expect(baking(wanted, undefined, around)).rejects.toThrow(
    /^Nothing was baked: i-\w+ was not off 50 minutes after its launch, and was terminated\. If its image/,
  );
  await nothingRuns();
});

test('an image that EC2 cannot make leaves nothing', async () => {
  account.ec2.control.setFaults({ failImages: true });
  await expect(baking(recipe('# failed\n'))).rejects.toThrow(
    /^Nothing was baked: EC2 could not make ami-\w+ \(failed\)\. Bake again$/,
  );
  expect(await bakedIn(ec2)).toEqual([]);
  await nothingRuns();
});

test('an image that somebody deletes while it is made is waited for no longer', async () => {
  let ahead = 0;
  const making = bake(ec2, recipe('# deleted\n'), { ...AROUND, now: () => Date.now() + ahead });
  let image: string | undefined;
  const ending = (async () => {
    for await (const line of making) {
      image = /^(ami-\w+) is being made/.exec(line)?.[1];
      if (image === undefined) continue;
      await ec2.deregisterImage({ ImageId: image, DeleteAssociatedSnapshots: true });
      setTimeout(() => (ahead = 200_000), 100);
    }
  })();
  await expect(ending).rejects.toThrow(/^Nothing was baked: ami-\w+ is not there any more/);
  await nothingRuns();
});

test('an interrupted run is swept; what was baked is kept, and said', async () => {
  await baking(recipe('# kept\n'));
  await nothingRuns();
  const [image] = await bakedIn(ec2);
  const { Instances = [] } = await ec2.runInstances({
    MinCount: 1,
    MaxCount: 1,
    ImageId: image?.id,
    InstanceType: 'm5.large',
  });
  await baking(recipe('# interrupted\n'), /makes the environment/);
  const sweeper = new AwsSweeper();
  const { leftovers, kept } = await sweeper.find([REGION]);
  expect(leftovers.map(({ kind }) => kind).toSorted()).toEqual(['machine', 'security group']);
  expect(kept).toContain(`daskup bake aws rm ${image?.id}`);
  await ec2.deregisterImage({ ImageId: image?.id });
  const later = await sweeper.find([REGION]);
  expect(later.leftovers.filter(({ kind }) => kind === 'snapshot')).toMatchObject([{ id: image?.snapshotIds[0] }]);
  let left = later.leftovers;
  for (let tries = 0; left.length > 0 && tries < 200; tries++) {
    await sweeper.remove(left);
    await delay(100);
    left = (await sweeper.find([REGION])).leftovers;
  }
  expect(left).toEqual([]);
  await ec2.terminateInstances({ InstanceIds: Instances.map(({ InstanceId = '' }) => InstanceId) });
  await nothingRuns();
});

test('clusters boot what was baked for their environment, without a call more, and the usual image once it is gone', async () => {
  const text = '# booted\n';
  await baking(recipe(text));
  const [image] = await bakedIn(ec2);
  const provider = account.provider('sleep 600');
  const zone = `${REGION}a`;
  const offers = (await provider.offers([REGION])).filter((offer) => offer.zone === zone && offer.type === 'm5.large');
  const cluster = { installation: 'here', clusterId: 'c1', clusterName: 'etl', owner: 'ada', region: REGION };
  const scheduler = await provider.prepare(cluster, zone, 0);
  const batch = (
    role: 'scheduler' | 'worker',
    token: string,
    environment: Environment,
    machineImage: string | null = null,
  ) => {
    const market = role === 'worker' ? 'spot' : 'on-demand';
    const life = { expiresAt: 1_900_000_000_000, joinSeconds: 1, idleSeconds: 1 };
    const boot = { role, clusterName: 'etl', scheduler, ca: '', identity: { cert: '', key: '' }, ...life, environment };
    const tags = { ...cluster, role, expiresAt: life.expiresAt, token };
    const those = offers.filter((offer) => offer.market === market);
    return {
      token,
      tags,
      count: 1,
      market,
      offers: those,
      diskGiB: 8,
      userTags: [],
      machineImage,
      boot,
    } as LaunchBatch;
  };
  const of = requirements(text);
  const booted = async (wanted: LaunchBatch) => {
    const { machines, shortages } = await provider.launch(wanted);
    if (machines.length === 0) return shortages.map(({ kind, message }) => `${kind}: ${message}`);
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: machines.map(({ id }) => id) });
    return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ ImageId }) => ImageId));
  };
  expect(await booted(batch('worker', 'w1', of))).toEqual([image?.id]);
  expect(await booted(batch('scheduler', 's1', of))).toEqual([image?.id]);
  account.calls();
  // Another process of this home.
  expect((await account.provider('sleep 600').launch(batch('worker', 'w2', of))).machines).toHaveLength(1);
  expect(account.calls()).toEqual({ CreateLaunchTemplate: 1, CreateFleet: 1 });
  // Other packages are not in it.
  const others = await booted(batch('worker', 'w3', { kind: 'managed' }));
  expect(others).not.toEqual([image?.id]);
  // Nor is the Python that a client has.
  const older = { ...of, python: { from: 11, to: (image?.python ?? 0) - 1 } };
  const newer = { ...of, python: { from: (image?.python ?? 0) + 1, to: null } };
  expect(await booted(batch('worker', 'w3a', newer))).toEqual(others);
  if (older.python.to >= 11) expect(await booted(batch('worker', 'w3b', older))).toEqual(others);

  // An image that is named is booted as it is, unless it was baked over with these packages.
  const named = others[0] ?? '';
  expect((await provider.image(named, REGION)).ok).toBe(true);
  expect(await booted(batch('worker', 'w3c', of, named))).toEqual([named]);
  const facts = { architecture: 'x86_64', rootDevice: '/dev/sda1', diskGiB: 8 } as const;
  await baking(recipe(text, { id: named, ...facts }));
  const over = (await bakedIn(ec2)).find(({ base }) => base === named);
  const home = { home: 'later' };
  const later = (await account.provider('sleep 600', home).launch(batch('worker', 'w3d', of, named))).machines;
  const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: later.map(({ id }) => id) });
  expect(Reservations[0]?.Instances?.[0]?.ImageId).toBe(over?.id);

  await ec2.deregisterImage({ ImageId: image?.id });
  expect(await booted(batch('worker', 'w4', of))).toEqual([
    'throttled: the image that was baked is gone; trying again without it',
  ]);
  expect(await booted(batch('worker', 'w5', of))).toEqual(others);

  // Asked again after something was baked: what was launched before is what is answered.
  const wanted = batch('worker', 'w6', of);
  const before = (await provider.launch(wanted)).machines.map(({ id }) => id);
  await baking(recipe(text));
  await provider.release(cluster).catch(() => {});
  const fresh = account.provider('sleep 600', { home: 'fresh' });
  expect((await fresh.launch(wanted)).machines.map(({ id }) => id)).toEqual(before);
  await provider.terminate((await provider.machines()).map(({ id }) => id));
  await nothingRuns();
});
