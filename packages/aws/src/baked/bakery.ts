import { join } from 'node:path';
import { ProviderError } from '@daskup/core/provision/provider';
import { Clients } from '../client.ts';
import { type Baked, BakedImages, bakedIn } from '../images/baked-images.ts';
import { Images } from '../images/images.ts';
import { enabledRegions, PATIENCE_MS } from '../regions.ts';
import { type Base, bake, type Recipe, remove, type Surroundings } from './bake.ts';

export interface BakeryOptions extends Surroundings {
  /** What is remembered of the account, by absolute path. */
  readonly cacheFolder: string;
}

export interface Found extends Baked {
  readonly region: string;
}

/** The images that an account has baked, in all of its regions. */
export class Bakery {
  readonly #options: BakeryOptions;
  readonly #clients = new Clients();
  readonly #known: BakedImages;

  constructor(options: BakeryOptions) {
    this.#options = options;
    const client = (region: string) => this.#clients.ec2(region);
    this.#known = new BakedImages(join(options.cacheFolder, 'baked'), client, options.now);
  }

  /** @throws {ProviderError} when there is no such image, or none that machines could boot. */
  async base(region: string, id: string): Promise<Base> {
    const images = new Images(join(this.#options.cacheFolder, 'images'));
    const facts = await images.find(id, region, () => this.#clients.ec2(region));
    if (typeof facts === 'string') throw new ProviderError(facts);
    return { id, ...facts };
  }

  /** Makes an image; the clusters of this home boot it from then on. Yields what happens. */
  async *bake(recipe: Recipe): AsyncGenerator<string, Baked> {
    const made = yield* bake(await this.#clients.ec2(recipe.region), recipe, this.#options);
    await this.#known.look(recipe.region);
    return made;
  }

  /** All there are. A region that does not answer is left out. */
  async list(): Promise<readonly Found[]> {
    const regions = await enabledRegions(this.#clients);
    const found = await Promise.allSettled(
      regions.map(async (region) => {
        const ec2 = await this.#clients.ec2(region);
        const images = await bakedIn(ec2, AbortSignal.timeout(PATIENCE_MS));
        return images.map((image) => ({ ...image, region }));
      }),
    );
    const [first] = found;
    if (first?.status === 'rejected' && found.every(({ status }) => status === 'rejected')) throw first.reason;
    return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  }

  /**
   * Deletes these, wherever they are.
   * @throws {ProviderError} when one of them was not baked by daskup, and deletes none then.
   */
  async remove(ids: readonly string[]): Promise<void> {
    const all = await this.list();
    const images = ids.map((id) => {
      const image = all.find((one) => one.id === id);
      if (!image) throw new ProviderError(`${id} is no image that daskup has baked; bake aws ls lists them`);
      return image;
    });
    await Promise.all(images.map(async ({ region, id }) => remove(await this.#clients.ec2(region), id)));
    await Promise.all([...new Set(images.map(({ region }) => region))].map((region) => this.#known.look(region)));
  }
}
