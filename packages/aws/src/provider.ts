import { join } from 'node:path';
import type { EC2 } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
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
import { softwareOf } from '@daskup/dask/environment';
import type { Platform } from '@daskup/dask/platform';
import { userData } from '@daskup/dask/user-data';
import { admitClients, removeClientGroup } from './admission.ts';
import { BakedImages, STOCK } from './baked/baked-images.ts';
import { BootLogs } from './boot-log.ts';
import { checkPermissions, problem } from './check.ts';
import { Clients } from './client.ts';
import { codeOf, explained, isImageGone, isMissing } from './errors.ts';
import { type BootImage, bootImageOf, Images, UBUNTU } from './images.ts';
import { isTemplateOf, type Launched, launchScheduler, launchWorkers, type Site } from './launch.ts';
import { Listings } from './listings.ts';
import { listMachines } from './machines.ts';
import { Networks } from './network/networks.ts';
import { Offers } from './offers/offers.ts';
import { NOTHING_OWN, type Own } from './own.ts';
import { Places } from './place.ts';
import { platform } from './platform.ts';
import { Quotas } from './quotas/quotas.ts';
import type { SiteOffers } from './quotas/shortfall.ts';
import { isId, terminateMachines } from './terminate.ts';

/** What was in order in a region is not looked at again for so long; milliseconds. */
const CHECKED_MS = 5 * 60_000;

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
  readonly #options: AwsOptions;
  readonly #own: Own;
  readonly #clients = new Clients();
  readonly #offers: Offers;
  readonly #listings: Listings;
  readonly #bootLogs: BootLogs;
  readonly #networks: Networks;
  readonly #places: Places;
  readonly #images: Images;
  readonly #quotas: Quotas;
  readonly #baked: BakedImages;
  readonly #templates = new Set<string>();
  readonly #regionOf = new Map<string, string>();
  /** Regions that this process has to do with, such as those of clusters that another process made. */
  readonly #here = new Set<string>();
  /** When all was in order in a region. */
  readonly #checkedAt = new Map<string, number>();

  constructor(options: AwsOptions) {
    this.regions = options.regions;
    this.#options = options;
    this.#own = options.own ?? NOTHING_OWN;
    this.#networks = new Networks({
      folder: join(options.cacheFolder, 'networks'),
      client: (region) => this.#clients.ec2(region),
      own: this.#own,
      isPublic: options.isPublic,
      isAlone: options.isAlone,
      checkip: options.checkip,
      now: options.now,
    });
    this.#places = new Places(options.isPublic);
    this.#images = new Images(join(options.cacheFolder, 'images'));
    this.#offers = new Offers({
      folder: join(options.cacheFolder, 'prices'),
      ec2: (region) => this.#clients.ec2(region),
      pricing: () => this.#clients.pricing(),
      now: options.now,
    });
    this.#quotas = new Quotas({
      folder: join(options.cacheFolder, 'quotas'),
      client: (region) => this.#clients.quotas(region),
      now: options.now,
    });
    this.#baked = new BakedImages(
      join(options.cacheFolder, 'baked'),
      (region) => this.#clients.ec2(region),
      options.now,
    );
    this.#bootLogs = new BootLogs(options.now);
    this.#listings = new Listings(async (region, installation) => {
      const machines = await listMachines(await this.#clients.ec2(region), region, installation, options.now());
      for (const { id } of machines) this.#regionOf.set(id, region);
      this.#bootLogs.seen(machines);
      return machines;
    }, options.now);
  }

  async offers(regions: readonly string[]): Promise<readonly Offer[]> {
    const mine = this.#mine(regions);
    for (const region of mine) this.#use(region);
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
    const facts = await this.#images.find(id, region, () => this.#clients.ec2(region));
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
    this.#use(region);
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
    const { region, installation, clusterId } = batch.tags;
    const userData = this.#userData(batch.boot);
    const ec2 = await this.#clients.ec2(region);
    const named = await this.#bootImage(batch.machineImage, region);
    const launch = async (image: BootImage): Promise<Launched> => {
      const network = await this.#networks.entered(region, installation);
      const site: Site = {
        network,
        isPublic: this.#options.isPublic,
        own: this.#own,
        userData,
        image,
        isBaked: image !== named,
        templates: this.#templates,
        now: this.#options.now(),
      };
      if (batch.boot.role === 'worker') return launchWorkers(ec2, batch, site);
      const place = await this.#places.interfaceOf(ec2, clusterId);
      if (!place) throw new Error(`AWS, ${region}: the scheduler's network interface is not to be seen`);
      return launchScheduler(ec2, batch, place, site);
    };
    const result = await this.#there(region, async () => {
      const image = await this.#withEnvironment(named, batch);
      return launch(image).catch(async (error: unknown) => {
        if (image === named) throw error;
        if (isImageGone(codeOf(error))) await this.#baked.forget(region);
        // It was asked for before something was baked: what it then made is to be had in the same words only.
        else if (codeOf(error) !== 'IdempotentParameterMismatch') throw error;
        return launch(named);
      });
    });
    if (result.isImageGone) await this.#baked.forget(region);
    for (const { id } of result.machines) this.#regionOf.set(id, region);
    this.#listings.changed(region);
    return result;
  }

  async machines(installation?: string): Promise<readonly Machine[]> {
    const regions = installation === undefined ? this.regions : await this.#inUse();
    return (await Promise.all(regions.map((region) => this.#listings.list(region, installation)))).flat();
  }

  async terminate(ids: readonly string[]): Promise<void> {
    const byRegion = Map.groupBy(ids.filter(isId), (id) => this.#regionOf.get(id) ?? '');
    await Promise.all([...byRegion].map(([region, there]) => this.#terminate(region, there)));
  }

  async release(cluster: ClusterIdentity): Promise<void> {
    const { region, clusterId } = cluster;
    const ec2 = await this.#clients.ec2(region);
    for (const name of this.#templates) if (isTemplateOf(name, clusterId)) this.#templates.delete(name);
    await this.#places.remove(ec2, clusterId);
    await removeClientGroup(ec2, clusterId);
    // Whoever ends a cluster waits for nothing of the next one's.
    this.#baked.refresh(region).catch(() => {});
  }

  async bootLog(id: string): Promise<string> {
    if (!isId(id)) return '';
    const region = this.#regionOf.get(id) ?? (await this.#regionsOf([id])).get(id);
    return region === undefined ? '' : this.#bootLogs.read(id, () => this.#clients.ec2(region));
  }

  async check(_environment: Environment, region: string): Promise<readonly Finding[]> {
    const now = this.#options.now();
    const inOrder = { ok: true, message: `AWS in ${region}: in order` };
    if (now - (this.#checkedAt.get(region) ?? Number.NEGATIVE_INFINITY) < CHECKED_MS) return [inOrder];
    const ec2 = await this.#clients.ec2(region);
    try {
      const findings = [inOrder, ...(await this.#checked(ec2, region))];
      if (findings.every(({ ok }) => ok)) this.#checkedAt.set(region, now);
      return findings;
    } catch (error) {
      return [problem(error)];
    }
  }

  /** Where this home has had machines before, with these settings, only the credentials are looked for, without a call. */
  async #checked(ec2: EC2, region: string): Promise<readonly Finding[]> {
    if (!(await this.#networks.isKnown(region))) {
      const vpc = await this.#networks.vpc(region);
      return checkPermissions(ec2, region, vpc.subnets[0]?.id, this.#own);
    }
    await ec2.config.credentials().catch((error: unknown) => {
      throw explained(error, 'sts:GetCallerIdentity', region);
    });
    return [];
  }

  /** Machines that only the cloud remembers the region of are looked for; those that it does not know are left alone. */
  async #terminate(region: string, ids: readonly string[]): Promise<void> {
    if (region === '') {
      const found = await this.#regionsOf(ids);
      return this.terminate(ids.filter((id) => found.has(id)));
    }
    await terminateMachines(await this.#clients.ec2(region), ids);
    this.#listings.changed(region);
  }

  async #regionsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await Promise.all((await this.#inUse()).map((region) => this.#listings.list(region, undefined)));
    return new Map(ids.flatMap((id) => (this.#regionOf.has(id) ? [[id, this.#regionOf.get(id) ?? '']] : [])));
  }

  #mine(regions: readonly string[]): readonly string[] {
    return regions.filter((region) => this.regions.includes(region));
  }

  #use(region: string): void {
    this.#here.add(region);
    this.#listings.used(region);
  }

  async #inUse(): Promise<readonly string[]> {
    return this.#mine([...new Set([...(await this.#networks.regions()), ...this.#here])]);
  }

  async #bootImage(id: string | null, region: string): Promise<BootImage> {
    if (id === null) return UBUNTU;
    const facts = await this.#images.find(id, region, () => this.#clients.ec2(region));
    if (typeof facts === 'string') throw new ProviderError(facts);
    return bootImageOf(id, facts);
  }

  #userData(boot: Boot): Buffer {
    try {
      return userData(this.#options.bootScript(boot, platform));
    } catch (error) {
      // The same batch would give the same script again.
      throw new ProviderError(messageOf(error), { cause: error });
    }
  }

  /** What a batch boots: of the image itself, or of what was baked of it with the batch's environment. */
  async #withEnvironment(image: BootImage, { boot, tags, machineImage }: LaunchBatch): Promise<BootImage> {
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

  /** Looks at a region's network anew the next time, when something of it has gone meanwhile. */
  async #there<T>(region: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (isImageGone(codeOf(error))) await this.#baked.forget(region);
      if (isMissing(error)) {
        this.#networks.doubt(region);
        this.#templates.clear();
        this.#places.doubt();
      }
      throw error;
    }
  }
}
