import type { SchedulerControl } from '@daskup/core/observe/scheduler';
import type { Credentials, SchedulerEndpoint } from '@daskup/core/provision/provider';
import type { SimCloud } from './cloud.ts';
import type { SimDask } from './dask.ts';
import { SimulatedFault } from './faults.ts';

/** After this long without an answer the caller gives up, as the control port's client does. */
const TIMEOUT_MS = 5_000;

/** So long a scheduler waits for a change before it answers that there was none, and so often it looks. */
const CHANGE_MS = 2_000;
const LOOK_MS = 100;

/** The control ports of a simulated cloud's schedulers. */
export class SimSchedulers implements SchedulerControl {
  readonly #cloud: SimCloud;

  constructor(cloud: SimCloud) {
    this.#cloud = cloud;
  }

  async status(endpoint: SchedulerEndpoint, _credentials: Credentials, expiresAt: number) {
    const dask = await this.#reach(endpoint);
    dask.tellDeadline(expiresAt);
    return dask.status();
  }

  async change(endpoint: SchedulerEndpoint, _credentials: Credentials, workers: number | null) {
    const { clock } = this.#cloud;
    const until = clock.now + CHANGE_MS;
    while (!this.#cloud.daskAt(endpoint.address)?.scheduler && clock.now < until) await clock.sleep(LOOK_MS);
    const dask = await this.#reach(endpoint);
    while (dask.status().workers.length === workers && clock.now < until) await clock.sleep(LOOK_MS);
  }

  async logs({ address }: SchedulerEndpoint, _credentials: Credentials, names: readonly string[]) {
    await this.#reach({ address } as SchedulerEndpoint);
    return new Map(names.map((name) => [name, this.#cloud.machine(name)?.bootLog() ?? '']));
  }

  async retire(endpoint: SchedulerEndpoint, _credentials: Credentials, names: readonly string[]) {
    const dask = await this.#reach(endpoint);
    if (!this.#cloud.faults.clinging) dask.retire(names);
  }

  async #reach({ address }: SchedulerEndpoint): Promise<SimDask> {
    const { clock, faults } = this.#cloud;
    const dask = this.#cloud.daskAt(address);
    // A machine that is not there refuses at once; one that hangs is waited for.
    if (!dask?.scheduler) throw new SimulatedFault('connection refused');
    const wait = faults.silent ? TIMEOUT_MS : Math.min(TIMEOUT_MS, faults.slowMs);
    if (wait > 0) await clock.sleep(wait);
    if (wait >= TIMEOUT_MS) throw new SimulatedFault('no answer in time');
    if (!dask.scheduler) throw new SimulatedFault('connection reset');
    return dask;
  }
}
