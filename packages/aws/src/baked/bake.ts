import { setTimeout as delay } from 'node:timers/promises';
import type { EC2, Instance, Tag } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
import { ProviderError } from '@daskup/core/provision/provider';
import type { Architecture } from '@daskup/core/spec/spec';
import { bakedPython, bakeScript } from '@daskup/dask/bake-script';
import { type Packages, suits } from '@daskup/dask/environment';
import { userData } from '@daskup/dask/user-data';
import { codeOf, isImageGone, isMissing, shortageOf } from '../errors.ts';
import { BASE, type Baked, bakedIn, ENVIRONMENT, PYTHON, STOCK } from '../images/baked-images.ts';
import { bootImageOf, type Facts, UBUNTU } from '../images/images.ts';
import { consoleOf } from '../machines/boot-log.ts';
import { disksOf, METADATA } from '../machines/launch.ts';
import { platform } from '../machines/platform.ts';
import { terminateMachines } from '../machines/terminate.ts';
import { filter, findVpc, makeGroup, ownGroup } from '../network/network.ts';
import type { Own } from '../own.ts';
import { INSTALLATION, tagged } from '../tags.ts';

/** What is made to bake is no installation's: whoever bakes the same goes on with it. */
export const BAKERY = 'bake';

/** Enough to install packages and compile them; the first that is to be had. */
const TYPES: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: ['m7i.large', 'm6i.large', 'm5.large', 'c6i.large', 't3.large'],
  arm64: ['m7g.large', 'm6g.large', 'c7g.large', 't4g.large'],
};
/** As large as the disks of most machines are, which begin as this one's; GiB. */
const DISK_GIB = 20;
/** The machine shuts down then, whatever happens; milliseconds. */
const LIFE_MS = 45 * 60_000;
/**
 * One that is not off so long after its launch never ran its script, as with an image that has no cloud-init: it would run
 * forever; milliseconds.
 */
const OVERDUE_MS = LIFE_MS + 5 * 60_000;
/** An image takes EC2 some minutes, and a large one many; milliseconds. */
const IMAGING_MS = 90 * 60_000;
/** What was asked for is shown by then; milliseconds. */
const SHOWN_MS = 180_000;
/** EC2 posts the end of what a machine printed a while after it has stopped; milliseconds. */
const LAST_WORDS_MS = 180_000;
const LOOK_MS = 2_000;

/** What an image is made of. */
export interface Recipe {
  readonly region: string;
  readonly architecture: Architecture;
  readonly packages: Packages;
  /** The image to begin with; null for the one that machines boot without any other. */
  readonly base: Base | null;
}

export interface Base extends Facts {
  readonly id: string;
}

export interface Surroundings {
  /** Whether machines have public addresses of their own. */
  readonly isPublic: boolean;
  readonly own: Own;
  readonly now: () => number;
}

/**
 * Makes an image with an environment in it: of the disk of a machine that has installed it and powered off. What a run that
 * died has left is gone on with. Yields what happens, for people.
 * @throws {ProviderError} when it does not work out; nothing is left of it then.
 */
export async function* bake(ec2: EC2, recipe: Recipe, around: Surroundings): AsyncGenerator<string, Baked> {
  const machines = [...(await machinesOf(ec2, recipe))];
  let image = (await imagesOf(ec2, recipe)).find(({ state }) => state === 'pending')?.id;
  let baked: Baked;
  try {
    if (image === undefined) {
      const [left, ...others] = machines;
      const id = left ?? (await launched(ec2, recipe, around));
      if (left === undefined) machines.push(id);
      yield left === undefined ? `${id} makes the environment` : `${id} is left from before: going on with it`;
      await terminateMachines(ec2, others);
      const python = yield* poweredOff(ec2, id, around);
      image = await imaged(ec2, recipe, python, id);
    }
    yield `${image} is being made of its disk, which takes EC2 some minutes`;
    baked = await available(ec2, recipe, image, around);
  } catch (error) {
    // What may pass is gone on with by the next run.
    if (error instanceof ProviderError) await terminateMachines(ec2, machines);
    throw error;
  }
  await terminateMachines(ec2, machines);
  for (const other of await imagesOf(ec2, recipe))
    if (other.id !== baked.id && other.python === baked.python) await remove(ec2, other.id);
  return baked;
}

/** Deletes an image and what its disk was kept as. Machines that have booted it run on. */
export async function remove(ec2: EC2, ImageId: string): Promise<void> {
  await ec2.deregisterImage({ ImageId, DeleteAssociatedSnapshots: true }).catch((error: unknown) => {
    if (!isImageGone(codeOf(error))) throw error;
  });
}

function tagsOf({ region, architecture, packages: { cacheKey, pythons }, base }: Recipe): readonly Tag[] {
  return [
    { Key: 'Name', Value: `daskup ${cacheKey} ${architecture}` },
    { Key: INSTALLATION, Value: BAKERY },
    { Key: ENVIRONMENT, Value: cacheKey },
    { Key: BASE, Value: base?.id ?? STOCK },
    { Key: 'daskup:pythons', Value: `${pythons.from} to ${pythons.to ?? 'any'}` },
    { Key: 'daskup:architecture', Value: architecture },
    { Key: 'daskup:region', Value: region },
  ];
}

/** Machines that bake this, running or stopped, the newest first. */
async function machinesOf(ec2: EC2, recipe: Recipe): Promise<readonly string[]> {
  const { Reservations = [] } = await ec2.describeInstances({
    Filters: [
      ...tagsOf(recipe).map(({ Key = '', Value = '' }) => filter(`tag:${Key}`, Value)),
      filter('instance-state-name', 'pending', 'running', 'stopping', 'stopped'),
    ],
  });
  const since = ({ LaunchTime }: Instance) => LaunchTime?.getTime() ?? 0;
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .toSorted((a, b) => since(b) - since(a))
    .map(({ InstanceId = '' }) => InstanceId);
}

async function imagesOf(ec2: EC2, { architecture, packages, base }: Recipe): Promise<readonly Baked[]> {
  const all = await bakedIn(ec2);
  return all.filter(
    (image) =>
      image.architecture === architecture &&
      image.cacheKey === packages.cacheKey &&
      suits(image.python, packages.pythons) &&
      image.base === (base?.id ?? STOCK),
  );
}

/** Launches the machine, of the first type that a zone has room for; returns its id. */
async function launched(ec2: EC2, recipe: Recipe, { isPublic, own, now }: Surroundings): Promise<string> {
  const { region, architecture, packages, base } = recipe;
  const vpc = await findVpc(ec2, region, own, isPublic);
  const script = userData(bakeScript(packages, now() + LIFE_MS, platform));
  // It lets nobody in.
  const group = await makeGroup(ec2, vpc.id, ownGroup(BAKERY));
  const image = base ? bootImageOf(base.id, base) : UBUNTU;
  let why = '';
  for (const type of TYPES[architecture])
    for (const { id: SubnetId, zone } of vpc.subnets) {
      try {
        const { Instances = [] } = await ec2.runInstances({
          MinCount: 1,
          MaxCount: 1,
          InstanceType: type as never,
          ImageId: image.idFor(architecture),
          UserData: script.toString('base64'),
          // Its disk is what it is there for.
          InstanceInitiatedShutdownBehavior: 'stop',
          MetadataOptions: METADATA,
          BlockDeviceMappings: disksOf(image, DISK_GIB),
          NetworkInterfaces: [
            {
              DeviceIndex: 0,
              SubnetId,
              Groups: [group, ...vpc.ownGroupIds],
              AssociatePublicIpAddress: isPublic,
              DeleteOnTermination: true,
            },
          ],
          TagSpecifications: tagged(tagsOf(recipe), 'instance', 'volume', 'network-interface'),
        });
        const [made] = Instances;
        if (made?.InstanceId) return made.InstanceId;
      } catch (error) {
        const failure = { code: codeOf(error), message: messageOf(error) };
        const shortage = shortageOf(failure, { type, zone, market: 'on-demand', region });
        if (shortage?.kind !== 'capacity') throw shortage ? new ProviderError(shortage.message) : error;
        why = shortage.message;
      }
    }
  throw new ProviderError(`AWS, ${region}: no machine to bake on is to be had now: ${why}. Try again later`);
}

/** Waits until the machine has powered off, its environment made; yields what it prints. Returns the environment's Python. */
async function* poweredOff(ec2: EC2, id: string, { now }: Surroundings): AsyncGenerator<string, number> {
  let told = 0;
  let stoppedAt: number | null = null;
  const began = now();
  while (true) {
    const { state, launchedAt = began } = await lookAt(ec2, id);
    const lines = (await consoleOf(ec2, id)).split('\n').filter((line) => line !== '');
    // The console of a machine holds the end of what it printed only; one that prints so little loses nothing of it.
    for (const line of lines.slice(told)) yield line.replace(/^daskup: /, '');
    told = Math.max(told, lines.length);
    const reason = lines.map((line) => /^daskup: \d+s ending: (.*)$/.exec(line)?.[1]).findLast(Boolean);
    const python = reason === undefined ? null : bakedPython(reason);
    if (reason !== undefined && python === null) throw new ProviderError(`Nothing was baked. ${reason}`);
    if (state === 'shutting-down' || state === 'terminated')
      throw new ProviderError(`Nothing was baked: somebody has ended ${id}`);
    if (state === 'stopped') {
      if (python !== null) return python;
      stoppedAt ??= now();
      if (now() - stoppedAt > LAST_WORDS_MS)
        throw new ProviderError(`Nothing was baked: ${id} stopped and did not say why`);
    } else if (now() - launchedAt > OVERDUE_MS) {
      const late = `${id} was not off ${OVERDUE_MS / 60_000} minutes after its launch, and was terminated`;
      throw new ProviderError(
        `Nothing was baked: ${late}. If its image does not run user data by cloud-init, name one that does; else bake again`,
      );
    }
    await delay(LOOK_MS);
  }
}

/** @returns launchedAt in milliseconds since 1970, UTC. */
async function lookAt(ec2: EC2, id: string): Promise<{ readonly state: string; readonly launchedAt?: number }> {
  try {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
    const { State, LaunchTime } = Reservations[0]?.Instances?.[0] ?? {};
    return { state: State?.Name ?? 'pending', ...(LaunchTime ? { launchedAt: LaunchTime.getTime() } : {}) };
  } catch (error) {
    // It was made a moment ago.
    if (isMissing(error)) return { state: 'pending' };
    throw error;
  }
}

/** Asks for the image of a machine's disk, once; returns its id. */
async function imaged(ec2: EC2, recipe: Recipe, python: number, id: string): Promise<string> {
  const Name = `daskup-${recipe.packages.cacheKey}-${recipe.architecture}-${id}`;
  try {
    const { ImageId = '' } = await ec2.createImage({
      InstanceId: id,
      Name,
      Description: 'daskup: boots with its software environment in place',
      TagSpecifications: tagged([...tagsOf(recipe), { Key: PYTHON, Value: String(python) }], 'image', 'snapshot'),
    });
    return ImageId;
  } catch (error) {
    if (codeOf(error) !== 'InvalidAMIName.Duplicate') throw error;
    const { Images = [] } = await ec2.describeImages({ Owners: ['self'], Filters: [filter('name', Name)] });
    const known = Images[0]?.ImageId;
    if (known === undefined) throw error;
    return known;
  }
}

/** Waits until machines can boot an image; one that will not come to that is removed. */
async function available(ec2: EC2, recipe: Recipe, id: string, { now }: Surroundings): Promise<Baked> {
  const began = now();
  let seenAt = began;
  while (true) {
    const image = (await imagesOf(ec2, recipe)).find((one) => one.id === id);
    if (image?.state === 'available') return image;
    if (image) seenAt = now();
    const why =
      image && image.state !== 'pending'
        ? `EC2 could not make ${id} (${image.state})`
        : now() - began > IMAGING_MS
          ? `EC2 has not made ${id} within ${IMAGING_MS / 60_000} minutes`
          : now() - seenAt > SHOWN_MS
            ? `${id} is not there any more: somebody has deregistered it`
            : null;
    if (why !== null) {
      await remove(ec2, id);
      throw new ProviderError(`Nothing was baked: ${why}. Bake again`);
    }
    await delay(LOOK_MS);
  }
}
