import { randomBytes } from 'node:crypto';
import { Buckets } from '../buckets.ts';
import type { Clock } from '../clock.ts';
import type { Catalogue } from './catalogue.ts';
import type { Faults } from './faults.ts';
import type { Image, Snapshot } from './images.ts';
import { publishedImages } from './images.ts';
import type { Instance, Reason } from './instance.ts';
import type { Network } from './network.ts';
import { addressOf, hostsOf, numberOf, type Subnet } from './network.ts';
import { PublicAddresses } from './public-addresses.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { SpotPrices } from './spot-price.ts';
import type { Answer } from './xml.ts';

/** A network interface: an instance's own, or one made first. */
export interface Interface {
  readonly id: string;
  readonly subnet: Subnet;
  readonly address: string;
  readonly description: string;
  groups: readonly string[];
  readonly tags: Map<string, string>;
  readonly madeAt: number;
  /** Whose it is; null while nobody's. */
  instanceId: string | null;
  deleteOnTermination: boolean;
}

/** A public address that stays when its interface is gone. */
export interface ElasticAddress {
  readonly id: string;
  readonly address: string;
  readonly tags: Map<string, string>;
  association: { readonly id: string; readonly interfaceId: string } | null;
}

export interface TemplateVersion {
  readonly number: number;
  readonly madeAt: number;
  readonly data: Parameters;
}

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
  readonly versions: TemplateVersion[];
  defaultVersion: number;
}

export interface Fleet {
  readonly id: string;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
  readonly target: number;
  readonly market: string;
  readonly token: string;
  readonly instances: readonly string[];
  readonly answer: { readonly [name: string]: Answer };
  state: 'active' | 'deleted_terminating' | 'deleted_running';
}

/** A call that was made, and what it was answered. */
export interface Answered {
  readonly asked: string;
  readonly answer: Promise<{ readonly [name: string]: Answer }>;
}

/** What is the same in all regions. */
export interface World {
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly spot: SpotPrices;
  /** May change at any time. */
  faults: Faults;
  /** vCPUs by quota code, where they are not as {@link QUOTAS} says. */
  readonly quotas: Map<string, number>;
  /** What becomes of a new instance from here on. */
  readonly launched: (region: Region, instance: Instance) => void;
  /** Ends an instance. */
  readonly end: (region: Region, instance: Instance, reason: Reason) => void;
  /** Keeps what is on its disk now, for instances of the image. */
  readonly imaged: (instance: Instance, imageId: string) => Promise<void>;
  /** All it printed, or as much as EC2 has looked at by itself. */
  readonly console: (instance: Instance, latest: boolean) => Promise<Buffer>;
}

/** What an account has in one region. */
export class Region {
  readonly name: string;
  readonly world: World;
  /** Where its machines are, as `127.31`. */
  readonly block: string;
  readonly network: Network;
  readonly publicAddresses = new PublicAddresses(this);
  readonly buckets: Buckets;
  readonly instances = new Map<string, Instance>();
  readonly interfaces = new Map<string, Interface>();
  readonly elastic = new Map<string, ElasticAddress>();
  readonly templates = new Map<string, Template>();
  readonly fleets = new Map<string, Fleet>();
  /** What was answered to calls that repeat, by action and ClientToken. */
  readonly answered = new Map<string, Answered>();
  readonly images: Map<string, Image>;
  /** Ids of images of this account that are gone. */
  readonly deregistered = new Set<string>();
  /** Of this account, also of images that are gone. */
  readonly snapshots = new Map<string, Snapshot>();
  readonly parameters: ReadonlyMap<string, string>;
  readonly #taken = new Map<string, Set<number>>();
  readonly #next = new Map<string, number>();

  constructor(name: string, block: string, world: World, network: Network) {
    this.name = name;
    this.world = world;
    this.block = block;
    this.network = network;
    this.buckets = new Buckets(() => world.clock.now());
    const { images, parameters } = publishedImages(name);
    this.images = new Map(images.map((image) => [image.id, image]));
    this.parameters = parameters;
  }

  get now(): number {
    return this.world.clock.now();
  }

  /** The time that descriptions show. */
  get shown(): number {
    return this.now - this.world.faults.lagMs;
  }

  /** How many addresses a subnet has left. */
  free(subnet: Subnet): number {
    const { first, last } = hostsOf(subnet.cidr);
    return last - first + 1 - (this.#taken.get(subnet.id)?.size ?? 0);
  }

  /**
   * Makes an interface.
   * @param wanted an address of the subnet; any free one without it.
   * @throws {Refusal} when the address is taken or not the subnet's, or none is left.
   */
  makeInterface(
    subnet: Subnet,
    groups: readonly string[],
    tags: ReadonlyMap<string, string>,
    { wanted, description = '' }: { readonly wanted?: string | undefined; readonly description?: string } = {},
  ): Interface {
    const made: Interface = {
      id: newId('eni'),
      subnet,
      address: this.#take(subnet, wanted),
      description,
      groups,
      tags: new Map(tags),
      madeAt: this.now,
      instanceId: null,
      deleteOnTermination: false,
    };
    this.interfaces.set(made.id, made);
    return made;
  }

  /** Removes it; a public address that it had is nobody's from then on. */
  removeInterface({ id, subnet, address }: Interface): void {
    this.interfaces.delete(id);
    for (const elastic of this.elastic.values())
      if (elastic.association?.interfaceId === id) elastic.association = null;
    this.#taken.get(subnet.id)?.delete(numberOf(address));
  }

  /** A public address that nobody has. */
  nextElastic(): string {
    const taken = new Set([...this.elastic.values()].map(({ address }) => address));
    // Above the default subnets.
    let number = numberOf(`${this.block}.240.1`);
    while (taken.has(addressOf(number))) number += 1;
    return addressOf(number);
  }

  #take(subnet: Subnet, wanted: string | undefined): string {
    const taken = this.#taken.get(subnet.id) ?? new Set();
    this.#taken.set(subnet.id, taken);
    const { first, last } = hostsOf(subnet.cidr);
    if (wanted !== undefined) {
      const number = numberOf(wanted);
      if (!(number >= first && number <= last))
        throw new Refusal('InvalidParameterValue', `Address ${wanted} does not fall within the subnet's address range`);
      if (taken.has(number)) throw new Refusal('InvalidIPAddress.InUse', `Address ${wanted} is in use.`);
      taken.add(number);
      return wanted;
    }
    if (this.free(subnet) <= 0)
      throw new Refusal(
        'InsufficientFreeAddressesInSubnet',
        `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
      );
    // Not at once the one that was freed last: somebody may still believe it to be another's.
    let number = this.#next.get(subnet.id) ?? first;
    while (taken.has(number) || number > last) number = number >= last ? first : number + 1;
    this.#next.set(subnet.id, number + 1);
    taken.add(number);
    return addressOf(number);
  }
}

/** An id as EC2's are: a kind and 17 hexadecimal digits. */
export function newId(kind: string): string {
  return `${kind}-${randomBytes(9).toString('hex').slice(0, 17)}`;
}
