import type { Offer } from '@daskup/core/plan/offer';
import { poolOf } from '@daskup/core/plan/offer';
import type {
  ClusterIdentity,
  Finding,
  LaunchBatch,
  LaunchResult,
  Machine,
  Provider,
  SchedulerEndpoint,
  Shortage,
} from '@daskup/core/provision/provider';
import { ProviderError } from '@daskup/core/provision/provider';
import { type Bucket, Buckets } from '../buckets.ts';
import type { VirtualClock } from './clock.ts';
import { SimDask } from './dask.ts';
import { CALM, type Faults, SIMULATED, SimulatedFault } from './faults.ts';
import { type BootFate, SimMachine } from './machine.ts';
import { billed } from './meter.ts';
import { OFFERS, PROVIDER, REGION } from './offers.ts';
import type { Random } from './random.ts';

/** EC2 lists ended machines for about an hour. */
const LISTED_AFTER_END_MS = 3_600_000;
const PAGE = 1_000;

interface Launched {
  readonly asked: string;
  readonly machines: readonly SimMachine[];
  readonly shortages: readonly Shortage[];
}

/** What an onlooker hears that no program using the cloud could know. */
export interface CloudWatcher {
  launched(batch: LaunchBatch, machines: readonly SimMachine[]): void;
}

/**
 * A cloud in memory that does to its users what clouds do: {@link Faults} say what, and may be changed at any time. All
 * times are its clock's, all chance its seed's.
 */
export class SimCloud implements Provider {
  readonly name = PROVIDER;
  readonly regions = [REGION];
  readonly clock: VirtualClock;
  readonly buckets: Buckets;
  faults: Faults = CALM;
  watcher: CloudWatcher | null = null;
  readonly #random: Random;
  readonly #machines = new Map<string, SimMachine>();
  readonly #launches = new Map<string, Launched>();
  readonly #places = new Set<string>();
  readonly #endpoints = new Map<string, SchedulerEndpoint>();
  readonly #dasks = new Map<string, SimDask>();

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock;
    this.#random = random;
    this.buckets = new Buckets(() => clock.now);
  }

  async offers(regions: readonly string[]): Promise<readonly Offer[]> {
    return regions.includes(REGION) ? OFFERS : [];
  }

  async prepare({ clusterId }: ClusterIdentity): Promise<SchedulerEndpoint> {
    this.#spend('mutate');
    this.#places.add(clusterId);
    const known = this.#endpoints.get(clusterId);
    if (known) return known;
    const endpoint = { address: `10.0.0.${this.#endpoints.size + 1}`, port: 8786, controlPort: 8790 };
    this.#endpoints.set(clusterId, endpoint);
    return endpoint;
  }

  async launch(batch: LaunchBatch): Promise<LaunchResult> {
    this.#spend('mutate');
    const asked = JSON.stringify(batch);
    let launch = this.#launches.get(batch.token);
    if (launch && launch.asked !== asked) throw new ProviderError('IdempotentParameterMismatch');
    if (!launch) {
      if (this.faults.forbidden) throw new ProviderError(`${SIMULATED}UnauthorizedOperation`);
      launch = { asked, ...this.#make(batch) };
      this.#launches.set(batch.token, launch);
      this.watcher?.launched(batch, launch.machines);
    }
    return { machines: this.#views(launch.machines, this.clock.now), shortages: launch.shortages };
  }

  async machines(installation?: string): Promise<readonly Machine[]> {
    const { now } = this.clock;
    const mine = this.all.filter(
      ({ tags, endedAt }) =>
        (installation === undefined || tags.installation === installation) &&
        (endedAt === null || now - endedAt < LISTED_AFTER_END_MS),
    );
    this.#spend('describe', Math.max(1, Math.ceil(mine.length / PAGE)));
    if (this.faults.unreadable) throw new SimulatedFault('the list cannot be read');
    return this.#views(mine, now - this.faults.lagMs);
  }

  async terminate(ids: readonly string[]): Promise<void> {
    this.#spend('terminate');
    const going = ids.map((id) => this.#machines.get(id)).filter((machine) => machine?.isUp === true);
    const allowed = this.buckets.take('terminateMachines', going.length);
    for (const machine of going.slice(0, allowed)) machine?.end('terminated');
    if (allowed < going.length) throw new SimulatedFault('RequestLimitExceeded');
  }

  async release({ clusterId }: ClusterIdentity): Promise<void> {
    this.#spend('mutate');
    this.#places.delete(clusterId);
  }

  async bootLog(id: string): Promise<string> {
    return this.#machines.get(id)?.bootLog() ?? '';
  }

  async check(): Promise<readonly Finding[]> {
    return [{ ok: true, message: 'The simulator needs nothing' }];
  }

  /**
   * What `daskup reclaim` asks for.
   * @throws {ProviderError} when there is no such living spot machine.
   */
  async reclaim(id: string): Promise<void> {
    const machine = this.#machines.get(id);
    if (!machine?.isUp || machine.offer.market !== 'spot') throw new ProviderError(`${id} cannot be taken back`);
    machine.reclaim(true);
  }

  /** Every machine there ever was, as it truly is. */
  get all(): readonly SimMachine[] {
    return [...this.#machines.values()];
  }

  machine(id: string): SimMachine | undefined {
    return this.#machines.get(id);
  }

  /** Clusters, by id, that something was prepared for and not released. */
  get places(): ReadonlySet<string> {
    return this.#places;
  }

  /** Micro-dollars that these machines have cost, those included that no one remembers. */
  bill(machines: readonly SimMachine[] = this.all): number {
    return machines.reduce((sum, machine) => sum + billed(machine), 0);
  }

  dask(clusterId: string): SimDask {
    let dask = this.#dasks.get(clusterId);
    if (!dask) {
      dask = new SimDask(this.clock, this.#random.fork());
      this.#dasks.set(clusterId, dask);
    }
    return dask;
  }

  /** The Dask whose scheduler has this address. */
  daskAt(address: string): SimDask | undefined {
    const found = [...this.#endpoints].find(([, endpoint]) => endpoint.address === address);
    return found && this.#dasks.get(found[0]);
  }

  #make({ token, tags, count, offers, boot }: LaunchBatch): Omit<Launched, 'asked'> {
    const { emptyPools, poolLimit } = this.faults;
    const machines: SimMachine[] = [];
    const shortages: Shortage[] = [];
    for (const offer of offers) {
      const wanted = count - machines.length;
      if (wanted === 0) break;
      const pool = poolOf(offer);
      const given = Math.min(wanted, emptyPools.some((part) => pool.includes(part)) ? 0 : poolLimit);
      for (let i = 0; i < given; i++) {
        const id = `i-${this.#machines.size}`;
        const dask = this.dask(tags.clusterId);
        const { environmentMs } = this.faults;
        const birth = { id, tags: { ...tags, token }, offer, boot, fate: this.#fate(), environmentMs };
        const machine = new SimMachine(birth, { clock: this.clock, random: this.#random.fork(), dask });
        this.#machines.set(id, machine);
        machines.push(machine);
      }
      if (given < wanted) shortages.push({ pool, kind: 'capacity', message: `${pool}: InsufficientInstanceCapacity` });
    }
    return { machines, shortages: machines.length < count ? shortages : [] };
  }

  #fate(): BootFate {
    const { neverBoot, failBoot, slowBoot } = this.faults;
    const draw = this.#random.next();
    if (draw < neverBoot) return 'never starts';
    if (draw < neverBoot + failBoot) return 'fails';
    return draw < neverBoot + failBoot + slowBoot ? 'boots slowly' : 'boots';
  }

  #views(machines: readonly SimMachine[], time: number): readonly Machine[] {
    return machines.map((machine) => machine.viewAt(time)).filter((view) => view !== null);
  }

  #spend(bucket: Bucket, tokens = 1): void {
    if (this.buckets.take(bucket, tokens) < tokens) throw new SimulatedFault('RequestLimitExceeded');
  }
}
