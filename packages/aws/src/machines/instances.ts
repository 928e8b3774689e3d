import type { EC2 } from '@aws-sdk/client-ec2';
import type { Machine } from '@daskup/core/provision/provider';
import { BootLogs } from './boot-log.ts';
import { Listings } from './listings.ts';
import { listMachines } from './machines.ts';
import { isId, terminateMachines } from './terminate.ts';

export interface InstancesOptions {
  readonly regions: readonly string[];
  readonly client: (region: string) => Promise<EC2>;
  /** Regions that this home has had machines in. */
  readonly usedBefore: () => Promise<readonly string[]>;
  readonly now: () => number;
}

/** The machines that there are, wherever they are: each is known by its id alone. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #listings: Listings;
  readonly #bootLogs: BootLogs;
  readonly #regionOf = new Map<string, string>();
  /** Regions that this process has to do with, such as those of clusters that another process made. */
  readonly #here = new Set<string>();

  constructor(options: InstancesOptions) {
    const { client, now } = options;
    this.#options = options;
    this.#bootLogs = new BootLogs(now);
    this.#listings = new Listings(async (region, installation) => {
      const machines = await listMachines(await client(region), region, installation, now());
      for (const { id } of machines) this.#regionOf.set(id, region);
      this.#bootLogs.seen(machines);
      return machines;
    }, now);
  }

  /** Something may begin there. */
  use(region: string): void {
    this.#here.add(region);
    this.#listings.used(region);
  }

  /** These were made there. */
  launched(region: string, machines: readonly Machine[]): void {
    for (const { id } of machines) this.#regionOf.set(id, region);
    this.#listings.changed(region);
  }

  /** Those of an installation where any may be, or all there are in all regions. */
  async list(installation?: string): Promise<readonly Machine[]> {
    const regions = installation === undefined ? this.#options.regions : await this.#inUse();
    return (await Promise.all(regions.map((region) => this.#listings.list(region, installation)))).flat();
  }

  /** Those that EC2 does not know are left alone. */
  async terminate(ids: readonly string[]): Promise<void> {
    const byRegion = Map.groupBy(ids.filter(isId), (id) => this.#regionOf.get(id) ?? '');
    await Promise.all([...byRegion].map(([region, there]) => this.#terminate(region, there)));
  }

  /** What a machine's boot script printed; empty of one that EC2 does not know. */
  async bootLog(id: string): Promise<string> {
    if (!isId(id)) return '';
    const region = this.#regionOf.get(id) ?? (await this.#regionsOf([id])).get(id);
    return region === undefined ? '' : this.#bootLogs.read(id, () => this.#options.client(region));
  }

  /** Machines that only the cloud remembers the region of are looked for; those that it does not know are left alone. */
  async #terminate(region: string, ids: readonly string[]): Promise<void> {
    if (region === '') {
      const found = await this.#regionsOf(ids);
      return this.terminate(ids.filter((id) => found.has(id)));
    }
    await terminateMachines(await this.#options.client(region), ids);
    this.#listings.changed(region);
  }

  async #regionsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await Promise.all((await this.#inUse()).map((region) => this.#listings.list(region, undefined)));
    return new Map(ids.flatMap((id) => (this.#regionOf.has(id) ? [[id, this.#regionOf.get(id) ?? '']] : [])));
  }

  async #inUse(): Promise<readonly string[]> {
    const { regions, usedBefore } = this.#options;
    return [...new Set([...(await usedBefore()), ...this.#here])].filter((region) => regions.includes(region));
  }
}
