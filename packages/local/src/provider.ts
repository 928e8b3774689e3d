import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poolOf } from '@daskup/core/plan/offer';
import type {
  Boot,
  ClusterIdentity,
  LaunchBatch,
  LaunchResult,
  Machine,
  Provider,
  SchedulerEndpoint,
} from '@daskup/core/provision/provider';
import { ProviderError } from '@daskup/core/provision/provider';
import type { Platform } from '@daskup/dask/platform';
import { addressOf, freePort } from './addresses.ts';
import { check } from './check.ts';
import { MachineFolder } from './machine-folder.ts';
import { localOffers, machineLimit, REGION } from './offers.ts';

/** Ended machines can be read for this long, as on EC2; milliseconds. */
const KEEP_ENDED_MS = 3_600_000;

export interface LocalOptions {
  /** Where machines live; made with mode 0700. */
  readonly home: string;
  /** Where software environments are kept for all homes. */
  readonly cache: string;
  readonly now: () => number;
  readonly bootScript: (boot: Boot, platform: Platform) => string;
}

/** This computer as a cloud: a machine is a process group that runs the boot script a VM would run. Linux only. */
export class LocalProvider implements Provider {
  readonly name = 'local';
  readonly regions = [REGION];
  readonly #options: LocalOptions;
  readonly #machines: string;
  readonly #places: string;

  constructor(options: LocalOptions) {
    this.#options = options;
    this.#machines = join(options.home, 'machines');
    this.#places = join(options.home, 'places');
  }

  async offers() {
    return localOffers();
  }

  async prepare(cluster: ClusterIdentity): Promise<SchedulerEndpoint> {
    await mkdir(this.#places, { recursive: true, mode: 0o700 });
    const path = join(this.#places, `${cluster.clusterId}.json`);
    const known = await readFile(path, 'utf8').catch(() => null);
    if (known !== null) return JSON.parse(known) as SchedulerEndpoint;
    const address = addressOf(cluster.clusterId);
    const [port, controlPort] = await Promise.all([freePort(address), freePort(address)]);
    const endpoint = { address, port, controlPort };
    await writeFile(`${path}.new`, JSON.stringify(endpoint));
    await rename(`${path}.new`, path);
    return endpoint;
  }

  async launch(batch: LaunchBatch): Promise<LaunchResult> {
    const offer = batch.offers[0];
    if (!offer) throw new ProviderError('A launch needs at least one offer');
    const { now, bootScript } = this.#options;
    await mkdir(this.#machines, { recursive: true, mode: 0o700 });
    const count = await this.#grant(batch);
    const launchedAt = now();
    const ids = Array.from({ length: count }, (_, i) => idOf(batch.token, i));
    const machines = await Promise.all(
      ids.map(async (id) => {
        const folder = this.#folder(id);
        const address = batch.boot.role === 'scheduler' ? batch.boot.scheduler.address : addressOf(id);
        const identify = `
export DASKUP_GROUP=$$
export DASKUP_ID='${id}' DASKUP_ADDRESS='${address}' DASKUP_DIR='${folder.path}'
export DASKUP_CACHE='${this.#options.cache}' DASKUP_NOTICE='${batch.market === 'spot' ? `file:${folder.path}/notice` : ''}'
export DASKUP_THREADS='${offer.vcpus}' DASKUP_MEMORY='${offer.memoryGiB}'`;
        await folder.make({ id, tags: batch.tags, offer, address, launchedAt }, bootScript(batch.boot, { identify }));
        folder.start();
        return folder.read(now());
      }),
    );
    const shortages =
      count < batch.count
        ? [
            {
              pool: poolOf(offer),
              kind: 'capacity' as const,
              message: `this computer's memory has room for ${machineLimit()} machines`,
            },
          ]
        : [];
    return { machines: machines.filter((machine) => machine !== null), shortages };
  }

  async machines(installation: string): Promise<readonly Machine[]> {
    const now = this.#options.now();
    const found = await Promise.all((await this.#ids()).map((id) => this.#folder(id).read(now)));
    const mine = found.filter((machine) => machine !== null && machine.tags.installation === installation);
    return mine.filter((machine) => machine !== null);
  }

  async terminate(ids: readonly string[]): Promise<void> {
    const known = new Set(await this.#ids());
    const now = this.#options.now();
    await Promise.all(ids.filter((id) => known.has(id)).map((id) => this.#folder(id).kill(now, 'terminated')));
  }

  async release(cluster: ClusterIdentity): Promise<void> {
    await rm(join(this.#places, `${cluster.clusterId}.json`), { force: true });
    const now = this.#options.now();
    for (const machine of await this.machines(cluster.installation)) {
      if (machine.endedAt !== null && now - machine.endedAt > KEEP_ENDED_MS) await this.#folder(machine.id).remove();
    }
  }

  bootLog(id: string): Promise<string> {
    return this.#folder(id).bootLog();
  }

  check() {
    return check(this.#options.home);
  }

  /**
   * Takes a spot machine back as a cloud would: a notice first, the end soon after.
   * @throws {ProviderError} when there is no such living spot machine.
   */
  async reclaim(id: string): Promise<void> {
    const machine = await this.#folder(id).read(this.#options.now());
    if (machine?.state !== 'running' || machine.offer.market !== 'spot') {
      throw new ProviderError(`${id} is no running spot machine`);
    }
    await this.#folder(id).notice();
  }

  /** How many machines a launch gets; the first answer stands for its token, with whatever was asked then. */
  async #grant(batch: LaunchBatch): Promise<number> {
    const folder = join(this.#options.home, 'launches');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${batch.token}.json`);
    const asked = createHash('sha256')
      .update(JSON.stringify([batch.tags, batch.count, batch.market, batch.offers]))
      .digest('hex');
    const known = await readFile(path, 'utf8').catch(() => null);
    if (known !== null) {
      const grant = JSON.parse(known) as { asked: string; count: number };
      if (grant.asked !== asked)
        throw new ProviderError(`Launch token ${batch.token} was used before for another launch`);
      return grant.count;
    }
    const now = this.#options.now();
    const all = await Promise.all((await this.#ids()).map((id) => this.#folder(id).read(now)));
    const living = all.filter((machine) => machine && machine.state !== 'terminated').length;
    const count = Math.max(0, Math.min(batch.count, machineLimit() - living));
    await writeFile(`${path}.new`, JSON.stringify({ asked, count }));
    await rename(`${path}.new`, path);
    return count;
  }

  async #ids(): Promise<readonly string[]> {
    const names = await readdir(this.#machines).catch(() => []);
    return names.filter((name) => !name.endsWith('.new'));
  }

  #folder(id: string): MachineFolder {
    return new MachineFolder(join(this.#machines, id));
  }
}

/** The same launch always makes the same machines. */
function idOf(token: string, index: number): string {
  return `m-${createHash('sha256').update(`${token}/${index}`).digest('hex').slice(0, 10)}`;
}
