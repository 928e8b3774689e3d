import type { EC2 } from '@aws-sdk/client-ec2';
import { hasOwnNetwork, type Own } from '../own.ts';
import { type Kept, KeptNetworks } from './kept-networks.ts';
import { findVpc, makeNetwork, type Vpc } from './network.ts';
import { privateAddress, publicAddress } from './own-address.ts';
import { TRUSTED_MS } from './rules.ts';

export interface NetworksOptions {
  /** Where is kept which they were, by absolute path. */
  readonly folder: string;
  readonly client: (region: string) => Promise<EC2>;
  readonly own: Own;
  /** Whether this server reaches its machines by its public address. */
  readonly isPublic: boolean;
  /** Whether its installation has no other server than this. */
  readonly isAlone: boolean;
  /** What tells this computer its public address. */
  readonly checkip: string;
  readonly now: () => number;
}

/** The networks that machines are in, by region: each looked at once, and then known until something of it has gone. */
export class Networks {
  readonly #options: NetworksOptions;
  /** All by which a network is chosen. */
  readonly #chosenBy: string;
  readonly #kept: KeptNetworks;
  /** By region and installation. */
  readonly #entered = new Map<string, Kept>();
  /** What one has just looked at, for the one who enters next. */
  readonly #looked = new Map<string, Vpc>();
  /** Where there are subnets of the account's own. */
  readonly #zones = new Map<string, readonly string[]>();
  /** Regions where something of a network was missing. */
  readonly #doubted = new Set<string>();

  constructor(options: NetworksOptions) {
    const { vpcs, subnets, securityGroups } = options.own;
    this.#options = options;
    this.#chosenBy = JSON.stringify([options.isPublic, vpcs, subnets, securityGroups]);
    this.#kept = new KeptNetworks(options.folder);
  }

  /** Where this home may have machines. */
  regions(): Promise<readonly string[]> {
    return this.#kept.regions();
  }

  /** Whether this home has had machines there before, with these settings. */
  async isKnown(region: string): Promise<boolean> {
    return (await this.#kept.zones(region, this.#chosenBy)) !== null;
  }

  /** The region's VPC, for the one who is to look at it next too. */
  async vpc(region: string): Promise<Vpc> {
    const { client, own, isPublic } = this.#options;
    const vpc = this.#looked.get(region) ?? (await findVpc(await client(region), region, own, isPublic));
    this.#looked.set(region, vpc);
    return vpc;
  }

  /**
   * Zones with a subnet: what is sold in others is of no use, and a zone may be newer than the default VPC. Null where that
   * cannot be told, which is no reason to show no prices: a check tells it.
   */
  async zones(region: string): Promise<readonly string[] | null> {
    const known = this.#zones.get(region) ?? (await this.#kept.zones(region, this.#chosenBy));
    if (known) return known;
    const vpc = await this.vpc(region).catch((error: unknown) => {
      if (hasOwnNetwork(this.#options.own)) throw error;
      return null;
    });
    const zones = vpc?.subnets.map(({ zone }) => zone) ?? null;
    if (zones) this.#zones.set(region, zones);
    return zones;
  }

  /** The installation's network, which lets this server in by the address that it has now. */
  async enter(region: string, installation: string): Promise<Kept> {
    const key = `${region}/${installation}`;
    const kept = this.#entered.get(key) ?? (await this.#kept.find(region, installation));
    const { client, isAlone, now } = this.#options;
    const isChosen = kept?.chosenBy === this.#chosenBy && !this.#doubted.has(region);
    const isTrusted = isChosen && Math.abs(now() - kept.seenAt) < TRUSTED_MS;
    if (isTrusted && kept.server === (await this.#ownAddress(kept))) {
      this.#entered.set(key, kept);
      return kept;
    }
    const vpc = await this.vpc(region);
    this.#looked.delete(region);
    const address = await this.#ownAddress(vpc);
    const seenAt = now();
    const made = await makeNetwork(await client(region), vpc, installation, { address, isAlone, now: seenAt });
    const network = { ...made, server: address, seenAt, chosenBy: this.#chosenBy };
    await this.#kept.keep(region, installation, network);
    this.#entered.set(key, network);
    this.#doubted.delete(region);
    return network;
  }

  /** The one that this process has entered before, whatever this server's address is by now; else it is entered. */
  async entered(region: string, installation: string): Promise<Kept> {
    return this.#entered.get(`${region}/${installation}`) ?? this.enter(region, installation);
  }

  /** Something of a network there has gone: it is looked at anew the next time. */
  doubt(region: string): void {
    this.#doubted.add(region);
    for (const key of this.#entered.keys()) if (key.startsWith(`${region}/`)) this.#entered.delete(key);
  }

  /** The address by which this server reaches machines in these subnets. */
  #ownAddress({ subnets }: Pick<Vpc, 'subnets'>): Promise<string> {
    const { isPublic, checkip } = this.#options;
    return isPublic ? publicAddress(checkip) : privateAddress(subnets[0]?.cidr.split('/')[0] ?? '');
  }
}
