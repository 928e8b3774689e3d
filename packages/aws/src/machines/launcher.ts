import type { EC2 } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
import { type Boot, type LaunchBatch, ProviderError } from '@daskup/core/provision/provider';
import type { Platform } from '@daskup/dask/platform';
import { userData } from '@daskup/dask/user-data';
import { codeOf, isImageGone } from '../errors.ts';
import type { BootImages } from '../images/boot-images.ts';
import type { BootImage } from '../images/images.ts';
import type { Networks } from '../network/networks.ts';
import type { Places } from '../network/places.ts';
import type { Own } from '../own.ts';
import { isTemplateOf, type Launched, launchScheduler, launchWorkers, type Site } from './launch.ts';
import { platform } from './platform.ts';

export interface LauncherOptions {
  readonly networks: Networks;
  readonly places: Places;
  readonly images: BootImages;
  readonly own: Own;
  /** Whether workers get public addresses. */
  readonly isPublic: boolean;
  readonly bootScript: (boot: Boot, platform: Platform) => string;
  readonly now: () => number;
}

/** Launches batches of machines, each into its installation's network and with the image of its environment. */
export class Launcher {
  readonly #options: LauncherOptions;
  /** Launch templates, by name, that are known to be there. */
  readonly #templates = new Set<string>();

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Again with the same batch it gives the same machines. */
  async launch(ec2: EC2, batch: LaunchBatch): Promise<Launched> {
    const { images } = this.#options;
    const { region } = batch.tags;
    const script = this.#userData(batch.boot);
    const named = await images.named(batch.machineImage, region);
    const image = await images.withEnvironment(named, batch);
    const withImage = (image: BootImage) => this.#launch(ec2, batch, script, image, image !== named);
    const result = await withImage(image).catch(async (error: unknown) => {
      if (image === named) throw error;
      if (isImageGone(codeOf(error))) await images.forget(region);
      // It was asked for before something was baked: what it then made is to be had in the same words only.
      else if (codeOf(error) !== 'IdempotentParameterMismatch') throw error;
      return withImage(named);
    });
    if (result.isImageGone) await images.forget(region);
    return result;
  }

  /** A cluster has given its templates up. */
  forget(clusterId: string): void {
    for (const name of this.#templates) if (isTemplateOf(name, clusterId)) this.#templates.delete(name);
  }

  /** Some of what was made may have gone: it is made anew. */
  doubt(): void {
    this.#templates.clear();
  }

  async #launch(ec2: EC2, batch: LaunchBatch, userData: Buffer, image: BootImage, isBaked: boolean): Promise<Launched> {
    const { networks, places, own, isPublic, now } = this.#options;
    const { region, installation, clusterId } = batch.tags;
    const network = await networks.entered(region, installation);
    const templates = this.#templates;
    const site: Site = { network, isPublic, own, userData, image, isBaked, templates, now: now() };
    if (batch.boot.role === 'worker') return launchWorkers(ec2, batch, site);
    const place = await places.interfaceOf(ec2, clusterId);
    if (!place) throw new Error(`AWS, ${region}: the scheduler's network interface is not to be seen`);
    return launchScheduler(ec2, batch, place, site);
  }

  #userData(boot: Boot): Buffer {
    try {
      return userData(this.#options.bootScript(boot, platform));
    } catch (error) {
      // The same batch would give the same script again.
      throw new ProviderError(messageOf(error), { cause: error });
    }
  }
}
