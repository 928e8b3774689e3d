import { priceOf } from '../account/money.ts';
import type { SchedulerControl, SchedulerStatus } from '../observe/scheduler.ts';
import type { Offer } from '../plan/offer.ts';
import { poolOf } from '../plan/offer.ts';
import type { Credentials, LaunchBatch, LaunchResult, Machine, Provider } from '../provision/provider.ts';

const PAIR = { cert: 'cert', key: 'key' };
export const CREDENTIALS: Credentials = { ca: PAIR, scheduler: PAIR, worker: PAIR, client: PAIR };

const offer = (market: 'spot' | 'on-demand', microsPerHour: number): Offer => ({
  provider: 'local',
  region: 'local',
  zone: 'local',
  type: 'm',
  market,
  architecture: 'x86_64',
  vcpus: 1,
  memoryGiB: 1,
  gpus: 0,
  gpuKind: null,
  ssdGiB: 0,
  byNameOnly: null,
  microsPerHour,
  minimumSeconds: 0,
});

/** What can go wrong at one moment of a history. */
export interface Fault {
  /** The launch takes effect and its answer is lost. */
  readonly launchAnswerLost: boolean;
  /** Fewer machines than asked for. */
  readonly shortage: 'none' | 'spot' | 'all';
  /** Machines launched a moment ago are not listed yet. */
  readonly lag: boolean;
  /** The list of machines cannot be read. */
  readonly unreadable: boolean;
  /** The scheduler does not answer. */
  readonly silent: boolean;
  /** So many workers die. */
  readonly deaths: number;
}

export const CALM: Fault = {
  launchAnswerLost: false,
  shortage: 'none',
  lag: false,
  unreadable: false,
  silent: false,
  deaths: 0,
};

/**
 * A cloud and its schedulers in memory, on a clock of its own, with a meter of its own: what the core is held against
 * where real machines would take too long. It does to the core what clouds do.
 */
export class PretendCloud implements Provider, SchedulerControl {
  readonly name = 'local';
  readonly regions = ['local'];
  now = 1_000_000_000_000;
  fault: Fault = CALM;
  adaptiveTarget = 0;
  clients = 0;
  idleSeconds: number | null = null;
  taken: Readonly<Record<string, number>> = {};
  readonly #machines = new Map<string, Machine>();
  readonly #retired = new Set<string>();

  alive(role?: 'scheduler' | 'worker'): Machine[] {
    return [...this.#machines.values()].filter((m) => m.state !== 'terminated' && (!role || m.tags.role === role));
  }

  /** Micro-dollars that all machines have cost so far. */
  meter(): number {
    let sum = 0;
    for (const machine of this.#machines.values()) {
      const to = machine.endedAt ?? this.now;
      sum += priceOf(machine.offer.microsPerHour, Math.ceil((to - machine.launchedAt) / 1000));
    }
    return sum;
  }

  /** Time passes, and what the fault says befalls the machines. */
  tick(ms: number): void {
    this.now += ms;
    for (const machine of this.alive('worker').slice(0, this.fault.deaths)) this.#end(machine.id, 'died');
  }

  async offers() {
    return [offer('spot', 10_000), offer('on-demand', 40_000)];
  }

  async prepare() {
    return { address: '127.1.1.1', port: 1, controlPort: 2 };
  }

  async launch(batch: LaunchBatch): Promise<LaunchResult> {
    const [first] = batch.offers;
    if (!first) throw new Error('no offers');
    const known = [...this.#machines.values()].filter((machine) => machine.tags.token === batch.token);
    const short = this.fault.shortage === 'all' || this.fault.shortage === batch.market;
    const count = known.length > 0 ? 0 : short ? Math.floor(batch.count / 2) : batch.count;
    for (let i = 0; i < count; i++) {
      const id = `${batch.token.slice(0, 8)}-${i}`;
      const times = { launchedAt: this.now, runningAt: this.now, endedAt: null };
      this.#machines.set(id, {
        id,
        tags: batch.tags,
        state: 'running',
        offer: first,
        address: '',
        endReason: '',
        reclaimed: false,
        ...times,
      });
    }
    if (this.fault.launchAnswerLost) throw new Error('connection reset');
    const machines = [...this.#machines.values()].filter((machine) => machine.tags.token === batch.token);
    const message = 'no capacity';
    const missing = machines.length < batch.count;
    return { machines, shortages: missing ? [{ pool: poolOf(first), kind: 'capacity', message }] : [] };
  }

  async machines() {
    if (this.fault.unreadable) throw new Error('unreadable');
    return [...this.#machines.values()].filter((machine) => !this.fault.lag || this.now - machine.launchedAt > 3_000);
  }

  async terminate(ids: readonly string[]) {
    for (const id of ids) this.#end(id, 'terminated');
  }

  async release() {}

  async bootLog() {
    return '';
  }

  async check() {
    return [];
  }

  async status(): Promise<SchedulerStatus> {
    if (this.fault.silent || this.alive('scheduler').length === 0) throw new Error('silent');
    const workers = this.alive('worker').map(({ id }) => ({
      name: id,
      leaving: this.#retired.has(id),
      processing: 0,
      bytes: 0,
    }));
    return {
      workers,
      clients: this.clients,
      idleSeconds: this.idleSeconds,
      adaptiveTarget: this.adaptiveTarget,
      taken: this.taken,
      tasks: {},
    };
  }

  async change() {
    await new Promise(() => {});
  }

  async logs() {
    return new Map<string, string>();
  }

  /** A worker that was emptied ends itself a little later: here, at once. */
  async retire(_endpoint: unknown, _credentials: unknown, names: readonly string[]) {
    for (const name of names) this.#end(name, 'left the cluster');
  }

  #end(id: string, endReason: string): void {
    const machine = this.#machines.get(id);
    if (!machine || machine.state === 'terminated') return;
    this.#machines.set(id, { ...machine, state: 'terminated', endedAt: this.now, endReason });
  }
}
