import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@daskup/core/message';
import {
  type Boot,
  type ClusterIdentity,
  type LaunchBatch,
  type LaunchResult,
  type Machine,
  type Provider,
  ProviderError,
  type SchedulerEndpoint,
} from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import type { Platform } from '@daskup/dask/platform';
import { addressOf } from './addresses.ts';
import type { Birth } from './birth.ts';
import { check } from './check.ts';
import { type Grant, Grants } from './grants.ts';
import { MachineFolder } from './machine-folder.ts';
import { localOffers, machineLimit, REGION } from './offers.ts';
import { Places } from './places.ts';
import { platformOf } from './platform.ts';
import { removeOlder } from './remove-older.ts';
import { startMachines } from './start.ts';

/** Ended machines can be read for this long, as on EC2; milliseconds. */
const KEEP_ENDED_MS = 3_600_000;
/** Whoever reads the list has written down by then what it showed, and paid for what has ended; milliseconds. */
const WRITTEN_DOWN_MS = 60_000;

export interface LocalOptions {
  /** Where machines live, by absolute path; made with mode 0700. */
  readonly home: string;
  /** That home's name, by which a server knows whether it sees what another one made; needed where several share a store. */
  readonly homeId?: string;
  /** Where software environments are kept for all homes, by absolute path. */
  readonly cache: string;
  readonly now: () => number;
  readonly bootScript: (boot: Boot, platform: Platform) => string;
}

/** Machines that are started by one process, whose fork of a large server is what takes the time. */
interface Start {
  readonly paths: string[];
  done: Promise<void> | null;
}

/** This computer as a cloud: a machine is a process group that runs the boot script a VM would run. Linux only. */
export class LocalProvider implements Provider {
  readonly name = 'local';
  readonly home?: string;
  readonly regions = [REGION];
  readonly #options: LocalOptions;
  readonly #machines: string;
  readonly #places: Places;
  readonly #grants: Grants;
  /** By id: what never changes of a machine is read once. */
  readonly #folders = new Map<string, MachineFolder>();
  /** Since when this process has shown these machines as ended, by id. */
  readonly #shownEnded = new Map<string, number>();
  /** The launch that is choosing how many it may have: two at once would both be given the same room. */
  #choosing: Promise<unknown> = Promise.resolve();
  #nextStart: Start = { paths: [], done: null };

  constructor(options: LocalOptions) {
    this.#options = options;
    if (options.homeId !== undefined) this.home = options.homeId;
    this.#machines = join(options.home, 'machines');
    this.#places = new Places(join(options.home, 'places'));
    this.#grants = new Grants(join(options.home, 'launches'));
  }

  async offers(regions: readonly string[]) {
    return regions.includes(REGION) ? localOffers() : [];
  }

  prepare(cluster: ClusterIdentity): Promise<SchedulerEndpoint> {
    return this.#places.reserve(cluster.clusterId);
  }

  async launch(batch: LaunchBatch): Promise<LaunchResult> {
    const { count, offers } = batch;
    const [offer] = offers;
    if (!offer) throw new ProviderError('A launch needs at least one offer, and was given none');
    const prepared = this.#choosing.then(() => this.#prepareFolders(batch, offer));
    this.#choosing = prepared.catch(() => {});
    const { folders, start } = await prepared;
    await this.#run(start);
    const machines = await this.#read(folders);
    if (folders.length === count) return { machines, shortages: [] };
    const message = `this computer's memory has room for ${machineLimit()} machines in all; end some, or ask for fewer`;
    return { machines, shortages: [{ kind: 'quota', market: batch.market, region: REGION, message }] };
  }

  /** Also forgets the machines that ended long ago, once they have been shown: nobody may have looked since their end. */
  async machines(installation?: string): Promise<readonly Machine[]> {
    const now = this.#options.now();
    const all = await this.#read((await this.#ids()).map((id) => this.#folder(id)));
    const old = all.filter(({ id, endedAt }) => {
      if (endedAt === null) return false;
      const shownAt = this.#shownEnded.get(id) ?? now;
      this.#shownEnded.set(id, shownAt);
      return now - endedAt > KEEP_ENDED_MS && now - shownAt > WRITTEN_DOWN_MS;
    });
    await Promise.all(old.map(({ id }) => this.#forget(id)));
    const wanted = ({ tags }: Machine) => installation === undefined || tags.installation === installation;
    return all.filter((machine) => wanted(machine) && !old.includes(machine));
  }

  async terminate(ids: readonly string[]): Promise<void> {
    const known = new Set(await this.#ids());
    const folders = ids.filter((id) => known.has(id)).map((id) => this.#folder(id));
    await Promise.all(folders.map((folder) => folder.kill('terminated')));
  }

  async release(cluster: ClusterIdentity): Promise<void> {
    const now = this.#options.now();
    await Promise.all([
      this.#places.release(cluster.clusterId),
      this.#grants.prune(now),
      // Half-made machines that a crash left behind.
      removeOlder(this.#machines, now - KEEP_ENDED_MS, (name) => !isId(name)),
    ]);
  }

  async bootLog(id: string): Promise<string> {
    return isId(id) ? this.#folder(id).bootLog() : '';
  }

  check(environment: Environment) {
    return check(here(environment), this.#options.home, this.#options.cache);
  }

  /**
   * Takes a spot machine back as a cloud would: a notice first, the end soon after.
   * @throws {ProviderError} when there is no such living spot machine.
   */
  async reclaim(id: string): Promise<void> {
    const machine = isId(id) ? await this.#folder(id).read(this.#options.now()) : null;
    if (machine?.state !== 'running' || machine.offer.market !== 'spot') {
      throw new ProviderError(`${id} is no running spot machine, and only those can be taken back`);
    }
    await this.#folder(id).reclaim();
  }

  /** The launch's machines, ready to be started; those of a launch long ago are not made anew. */
  async #prepareFolders(batch: LaunchBatch, offer: Birth['offer']) {
    const { now } = this.#options;
    await mkdir(this.#machines, { recursive: true, mode: 0o700 });
    const grant = await this.#grants.of(batch, now(), () => this.#room());
    const ids = Array.from({ length: grant.count }, (_, i) => idOf(batch.token, i));
    if (now() - grant.at > KEEP_ENDED_MS) {
      const known = new Set(await this.#ids());
      return this.#toStart(ids.filter((id) => known.has(id)).map((id) => this.#folder(id)));
    }
    return this.#toStart(ids.map((id) => this.#make(id, batch, offer, grant)));
  }

  async #toStart(folders: readonly MachineFolder[]) {
    const claimed = await Promise.all(folders.map((folder) => folder.isClaimed()));
    const start = this.#nextStart;
    start.paths.push(...folders.filter((_, i) => !claimed[i]).map(({ path }) => path));
    return { folders, start };
  }

  /** Once those that are choosing now have chosen: a scheduler and its workers come together. */
  #run(start: Start): Promise<void> {
    start.done ??= this.#choosing.then(() => {
      this.#nextStart = { paths: [], done: null };
      return startMachines(start.paths);
    });
    return start.done;
  }

  #make(id: string, { tags, boot }: LaunchBatch, offer: Birth['offer'], grant: Grant): MachineFolder {
    const folder = this.#folder(id);
    const address = boot.role === 'scheduler' ? boot.scheduler.address : addressOf(id);
    const birth: Birth = { id, tags, offer, address, launchedAt: grant.at };
    folder.make(birth, this.#script(boot, platformOf(birth, folder.path, this.#options.cache, folder.notice)));
    return folder;
  }

  #script(boot: Boot, platform: Platform): string {
    try {
      return this.#options.bootScript({ ...boot, environment: here(boot.environment) }, platform);
    } catch (error) {
      // The same batch would give the same script again.
      throw new ProviderError(messageOf(error), { cause: error });
    }
  }

  /** For how many machines there is room. */
  async #room(): Promise<number> {
    const all = await this.#read((await this.#ids()).map((id) => this.#folder(id)));
    return machineLimit() - all.filter(({ state }) => state !== 'terminated').length;
  }

  async #read(folders: readonly MachineFolder[]): Promise<readonly Machine[]> {
    const now = this.#options.now();
    const machines = await Promise.all(folders.map((folder) => folder.read(now)));
    return machines.filter((machine) => machine !== null);
  }

  async #ids(): Promise<readonly string[]> {
    return (await readdir(this.#machines).catch(() => [])).filter(isId);
  }

  async #forget(id: string): Promise<void> {
    await this.#folder(id).remove();
    this.#folders.delete(id);
    this.#shownEnded.delete(id);
  }

  #folder(id: string): MachineFolder {
    const known = this.#folders.get(id) ?? new MachineFolder(join(this.#machines, id));
    this.#folders.set(id, known);
    return known;
  }
}

/** Who asks for machines of this computer is on it, with all that is installed there: nothing is more the same than that. */
function here(environment: Environment): Environment {
  return environment.kind === 'client' ? { kind: 'python', path: environment.interpreter } : environment;
}

/** The same launch always makes the same machines. */
function idOf(token: string, index: number): string {
  return `m-${createHash('sha256').update(`${token}/${index}`).digest('hex').slice(0, 10)}`;
}

/** Also tells a machine's folder from anything else, such as a way out of this home. */
function isId(text: string): boolean {
  return /^m-[0-9a-f]{10}$/.test(text);
}
