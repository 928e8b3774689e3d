import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EC2, Image } from '@aws-sdk/client-ec2';
import type { Architecture } from '@daskup/core/spec/spec';
import { type Packages, suits } from '@daskup/dask/environment';
import * as z from 'zod/mini';
import { Cached } from '../cached.ts';
import { filter } from '../network/network.ts';

export const ENVIRONMENT = 'daskup:environment';
export const BASE = 'daskup:base';
export const PYTHON = 'daskup:python';
/** The base of an image that was made of what machines boot without one. */
export const STOCK = 'stock';

/** Images that another computer has baked, or deleted, are looked for when a cluster ends, no oftener than this; milliseconds. */
const OLD_MS = 3_600_000;

const Baked = z.readonly(
  z.object({
    id: z.string(),
    architecture: z.enum(['x86_64', 'arm64']),
    /** The name under which machines keep the environment that is in it. */
    cacheKey: z.string(),
    /** The minor version of Python 3 that the environment is of. */
    python: z.number(),
    /** The id of the image it was made of, or {@link STOCK}. */
    base: z.string(),
    state: z.string(),
    /** No disk that begins as it is smaller. */
    sizeGiB: z.number(),
    /** What its disks are kept as; of an image in the making not all may be known. */
    snapshotIds: z.readonly(z.array(z.string())),
    /** Milliseconds since 1970, UTC. */
    madeAt: z.number(),
  }),
);
export type Baked = z.infer<typeof Baked>;

/** All images of the account in a region that daskup has baked, in whatever state, the newest first. */
export async function bakedIn(ec2: EC2, abortSignal?: AbortSignal): Promise<readonly Baked[]> {
  const asked = { Owners: ['self'], Filters: [filter('tag-key', ENVIRONMENT)] };
  const { Images = [] } = await ec2.describeImages(asked, abortSignal ? { abortSignal } : {});
  return Images.flatMap(bakedOf).toSorted((a, b) => b.madeAt - a.madeAt);
}

function bakedOf(image: Image): readonly Baked[] {
  const tag = (key: string) => image.Tags?.find(({ Key }) => Key === key)?.Value;
  const { ImageId: id, State: state = 'pending' } = image;
  const [cacheKey, base, python] = [tag(ENVIRONMENT), tag(BASE), Number(tag(PYTHON))];
  if (id === undefined || cacheKey === undefined || base === undefined || Number.isNaN(python)) return [];
  const architecture = image.Architecture === 'arm64' ? 'arm64' : 'x86_64';
  const { BlockDeviceMappings: disks = [], RootDeviceName } = image;
  const sizeGiB = disks.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs?.VolumeSize ?? 0;
  // Some are of a machine's host, and kept as nothing.
  const snapshotIds = disks.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
  const madeAt = Date.parse(image.CreationDate ?? '') || 0;
  return [{ id, architecture, cacheKey, python, base, state, sizeGiB, snapshotIds, madeAt }];
}

/** The images that this home knows of, by region: kept on disk until one is gone, and so without a call for most clusters. */
export class BakedImages {
  readonly #folder: string;
  readonly #client: (region: string) => Promise<EC2>;
  readonly #now: () => number;
  /** Who asks twice at once asks EC2 once. */
  readonly #asked = new Map<string, Promise<readonly Baked[]>>();

  /** @param folder by absolute path. */
  constructor(folder: string, client: (region: string) => Promise<EC2>, now: () => number) {
    this.#folder = folder;
    this.#client = client;
    this.#now = now;
  }

  /**
   * The newest image of an environment for each architecture that has one. None where these credentials may not look.
   * @param base what it was made of: the id of an image, or {@link STOCK}.
   */
  async of(region: string, { cacheKey, pythons }: Packages, base: string): Promise<ReadonlyMap<Architecture, Baked>> {
    const all = await this.#all(region).catch(() => []);
    const fitting = all.filter(
      (image) => image.cacheKey === cacheKey && suits(image.python, pythons) && image.base === base,
    );
    return new Map(fitting.toReversed().map((image) => [image.architecture, image]));
  }

  /** Looks now, for everybody of this home. */
  async look(region: string): Promise<void> {
    await this.#in(region).anew();
  }

  /** Looks again where it was long ago. */
  async refresh(region: string): Promise<void> {
    const cached = this.#in(region);
    const { readAt } = await cached.get();
    if (Math.abs(this.#now() - readAt) > OLD_MS) await cached.anew();
  }

  /** One of these is gone: the next one to ask looks. */
  async forget(region: string): Promise<void> {
    await rm(this.#file(region), { force: true });
  }

  #all(region: string): Promise<readonly Baked[]> {
    const asked =
      this.#asked.get(region) ??
      this.#in(region)
        .get()
        .then(({ value }) => value)
        .finally(() => this.#asked.delete(region));
    this.#asked.set(region, asked);
    return asked;
  }

  /** Each time from the file: other processes of this home bake. */
  #in(region: string): Cached<readonly Baked[]> {
    return new Cached({
      file: this.#file(region),
      schema: z.readonly(z.array(Baked)),
      read: async () => (await bakedIn(await this.#client(region))).filter(({ state }) => state === 'available'),
      freshMs: Number.POSITIVE_INFINITY,
      usableMs: Number.POSITIVE_INFINITY,
      now: this.#now,
    });
  }

  #file(region: string): string {
    return join(this.#folder, `${region}.json`);
  }
}
