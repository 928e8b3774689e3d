import { join } from 'node:path';
import type { Offer, PriceAge } from '@daskup/core/plan/offer';
import {
  type Boot,
  type ClusterIdentity,
  type Finding,
  type LaunchBatch,
  type LaunchResult,
  type Machine,
  type MachineImage,
  type Provider,
  ProviderError,
  type SchedulerEndpoint,
} from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import type { Tag } from '@daskup/core/spec/tag';
import type { Platform } from '@daskup/dask/platform';
import { Checks } from './checks.ts';
import { Clients } from './client.ts';
import { codeOf, isImageGone, isMissing } from './errors.ts';
import { BootImages } from './images/boot-images.ts';
import { Instances } from './machines/instances.ts';
import { Launcher } from './machines/launcher.ts';
import { admitClients, removeClientGroup } from './network/admission.ts';
import { Networks } from './network/networks.ts';
import { Places } from './network/places.ts';
import { Offers } from './offers/offers.ts';
import { NOTHING_OWN, type Own } from './own.ts';
import { Quotas } from './quotas/quotas.ts';
import type { SiteOffers } from './quotas/shortfall.ts';

export interface AwsOptions {
  readonly regions: readonly string[];
  /** Where is remembered what need not be asked again, of one account, by absolute path; made with mode 0700. */
  readonly cacheFolder: string;
  /**
   * Whether schedulers get a public address by which server and clients reach them, and workers one by which they reach the
   * Internet. Without, the server must be in the VPC's network, and that must have a way out.
   */
  readonly isPublic: boolean;
  /** Nothing without. */
  readonly own?: Own;
  /** Whether its installation has no other server than this. */
  readonly isAlone: boolean;
  /** What tells this computer its public address. */
  readonly checkip: string;
  readonly now: () => number;
  readonly bootScript: (boot: Boot, platform: Platform) => string;
}

/** EC2 of these regions. Nothing is loaded or asked before it is first needed. */
export class AwsProvider implements Provider {
  readonly name = 'aws';
  readonly regions: readonly string[];
  readonly #clients = new Clients();
  readonly #offers: Offers;
  readonly #quotas: Quotas;
  readonly #networks: Networks;
  readonly #places: Places;
  readonly #images: BootImages;
  readonly #launcher: Launcher;
  readonly #instances: Instances;
  readonly #checks: Checks;

  constructor({ regions, cacheFolder, isPublic, own = NOTHING_OWN, isAlone, checkip, now, bootScript }: AwsOptions) {
    const client = (region: string) => this.#clients.ec2(region);
    const pricing = () => this.#clients.pricing();
    const folder = (name: string) => join(cacheFolder, name);
    this.regions = regions;
    this.#offers = new Offers({ folder: folder('prices'), ec2: client, pricing, now });
    this.#quotas = new Quotas({ folder: folder('quotas'), client: (region) => this.#clients.quotas(region), now });
    this.#networks = new Networks({ folder: folder('networks'), client, own, isPublic, isAlone, checkip, now });
    this.#places = new Places(isPublic);
    this.#images = new BootImages({ folder: folder('images'), bakedFolder: folder('baked'), client, now });
    const [networks, places, images] = [this.#networks, this.#places, this.#images];
    this.#launcher = new Launcher({ networks, places, images, own, isPublic, bootScript, now });
    this.#instances = new Instances({ regions, client, usedBefore: () => networks.regions(), now });
    this.#checks = new Checks({ networks, client, own, now });
  }

  async offers(regions: readonly string[]): Promise<readonly Offer[]> {
    const mine = this.#mine(regions);
    for (const region of mine) this.#instances.use(region);
    const [offers, zones] = await Promise.all([
      this.#offers.of(mine),
      Promise.all(mine.map((one) => this.#networks.zones(one))),
    ]);
    const without = zones.flatMap((there, i) => (there === null ? [mine[i]] : []));
    const usable = new Set(zones.flatMap((there) => there ?? []));
    return offers.filter(({ region, zone }) => usable.has(zone) || without.includes(region));
  }

  priceAges(regions: readonly string[]): Promise<readonly PriceAge[]> {
    return this.#offers.ages(this.#mine(regions));
  }

  async image(id: string, region: string): Promise<MachineImage> {
    const facts = await this.#images.facts(id, region);
    return typeof facts === 'string' ? { ok: false, problem: facts } : { ok: true, architecture: facts.architecture };
  }

  quotaProblem(site: SiteOffers, workers: number): Promise<string | null> {
    return this.#quotas.problem(site, workers);
  }

  async prepare(
    cluster: ClusterIdentity,
    zone: string,
    moves: number,
    userTags: readonly Tag[] = [],
  ): Promise<SchedulerEndpoint> {
    const { region } = cluster;
    this.#instances.use(region);
    const ec2 = await this.#clients.ec2(region);
    return this.#there(region, async () => {
      const network = await this.#networks.enter(region, cluster.installation);
      const subnet = network.subnets.find((one) => one.zone === zone);
      if (!subnet) {
        const fix = `Make one, which costs nothing: aws ec2 create-default-subnet --availability-zone ${zone}`;
        throw new ProviderError(
          `AWS, ${region}: there is no subnet in ${zone}. ${fix}; or name one of your own: DASKUP_AWS_SUBNETS`,
        );
      }
      return this.#places.make(ec2, cluster, network, subnet, moves, userTags);
    });
  }

  async admitServer({ region, installation }: ClusterIdentity): Promise<string> {
    return (await this.#there(region, () => this.#networks.enter(region, installation))).server;
  }

  async admitClients(
    cluster: ClusterIdentity,
    ranges: readonly string[],
    userTags: readonly Tag[] = [],
  ): Promise<void> {
    await admitClients(await this.#clients.ec2(cluster.region), cluster, ranges, userTags);
  }

  async launch(batch: LaunchBatch): Promise<LaunchResult> {
    const { region } = batch.tags;
    const ec2 = await this.#clients.ec2(region);
    const result = await this.#there(region, () => this.#launcher.launch(ec2, batch));
    this.#instances.launched(region, result.machines);
    return result;
  }

  machines(installation?: string): Promise<readonly Machine[]> {
    return this.#instances.list(installation);
  }

  terminate(ids: readonly string[]): Promise<void> {
    return this.#instances.terminate(ids);
  }

  async release(cluster: ClusterIdentity): Promise<void> {
    const { region, clusterId } = cluster;
    const ec2 = await this.#clients.ec2(region);
    this.#launcher.forget(clusterId);
    await this.#places.remove(ec2, clusterId);
    await removeClientGroup(ec2, clusterId);
    // Whoever ends a cluster waits for nothing of the next one's.
    this.#images.refresh(region).catch(() => {});
  }

  bootLog(id: string): Promise<string> {
    return this.#instances.bootLog(id);
  }

  check(_environment: Environment, region: string): Promise<readonly Finding[]> {
    return this.#checks.of(region);
  }

  #mine(regions: readonly string[]): readonly string[] {
    return regions.filter((region) => this.regions.includes(region));
  }

  /** Looks at what was made in a region anew the next time, when something of it has gone meanwhile. */
  async #there<T>(region: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (isImageGone(codeOf(error))) await this.#images.forget(region);
      if (isMissing(error)) {
        this.#networks.doubt(region);
        this.#launcher.doubt();
        this.#places.doubt();
      }
      throw error;
    }
  }
}
