import type { EC2 } from '@aws-sdk/client-ec2';
import { type LaunchBatch, ProviderError } from '@daskup/core/provision/provider';
import { softwareOf } from '@daskup/dask/environment';
import { BakedImages, STOCK } from './baked-images.ts';
import { type BootImage, bootImageOf, type Facts, Images, UBUNTU } from './images.ts';

export interface BootImagesOptions {
  /** Where is kept what images are, by absolute path. */
  readonly folder: string;
  /** Where is kept which were baked, by absolute path. */
  readonly bakedFolder: string;
  readonly client: (region: string) => Promise<EC2>;
  readonly now: () => number;
}

/** What machines boot: what was named, or of it what was baked with their environment. */
export class BootImages {
  readonly #client: (region: string) => Promise<EC2>;
  readonly #named: Images;
  readonly #baked: BakedImages;

  constructor({ folder, bakedFolder, client, now }: BootImagesOptions) {
    this.#client = client;
    this.#named = new Images(folder);
    this.#baked = new BakedImages(bakedFolder, client, now);
  }

  /** What a named image is, or why machines cannot boot it, in words that say what to do. */
  facts(id: string, region: string): Promise<Facts | string> {
    return this.#named.find(id, region, () => this.#client(region));
  }

  /**
   * The image of this id, or the one that machines boot when nobody said.
   * @throws {ProviderError} when machines cannot boot it.
   */
  async named(id: string | null, region: string): Promise<BootImage> {
    if (id === null) return UBUNTU;
    const facts = await this.facts(id, region);
    if (typeof facts === 'string') throw new ProviderError(facts);
    return bootImageOf(id, facts);
  }

  /** What a batch boots: of the image itself, or of what was baked of it with the batch's environment. */
  async withEnvironment(image: BootImage, { boot, tags, machineImage }: LaunchBatch): Promise<BootImage> {
    const software = softwareOf(boot.environment);
    if (!('cacheKey' in software)) return image;
    const baked = await this.#baked.of(tags.region, software, machineImage ?? STOCK);
    if (baked.size === 0) return image;
    return {
      ...image,
      idFor: (architecture) => baked.get(architecture)?.id ?? image.idFor(architecture),
      diskGiB: Math.max(image.diskGiB, ...[...baked.values()].map(({ sizeGiB }) => sizeGiB)),
    };
  }

  /** Looks again what was baked, where it was looked long ago. */
  refresh(region: string): Promise<void> {
    return this.#baked.refresh(region);
  }

  /** One that was baked is gone: the next launch looks which there are. */
  forget(region: string): Promise<void> {
    return this.#baked.forget(region);
  }
}
