import { Daskup } from '@daskup/core/daskup';
import type { SchedulerControl } from '@daskup/core/observe/scheduler';
import type { Credentials } from '@daskup/core/provision/provider';
import type { Store } from '@daskup/core/state/store';
import type { SimCloud } from '../sim/cloud.ts';
import { SimulatedFault } from '../sim/faults.ts';
import type { Random } from '../sim/random.ts';
import type { Moment } from './history.ts';

const PAIR = { cert: 'cert', key: 'key' };
const CREDENTIALS: Credentials = { ca: PAIR, scheduler: PAIR, worker: PAIR, client: PAIR };

/** There and back, when nothing is wrong; milliseconds. */
const CLOUD_MS = [20, 400] as const;
const CONTROL_MS = [2, 20] as const;
const STORE_MS = [1, 30] as const;

export interface ProcessOptions {
  /** Makes its ids its own. */
  readonly name: string;
  /** Its name among the store's replicas. */
  readonly holder: string;
  readonly cloud: SimCloud;
  readonly control: SchedulerControl;
  readonly store: Store;
  readonly random: Random;
  /** Each call to the outside, as it begins; `failed` once it did. */
  readonly onCall: (call: string, args: readonly unknown[], state: 'asked' | 'answered' | 'failed') => void;
  readonly onLog: (line: string) => void;
}

type Wire = 'cloud' | 'control' | 'store' | 'none';

/**
 * One server process with all of daskup in it. Each of its calls to the outside can be lost, doubled, or be the one at
 * which the process dies: from then on nothing it awaits ever comes.
 */
export class Process {
  readonly daskup: Daskup;
  /** Calls made so far. */
  calls = 0;
  readonly #options: ProcessOptions;
  readonly #stop = new AbortController();
  readonly #died = Promise.withResolvers<void>();
  #alive = true;
  #pausedUntil = 0;
  #traps: { readonly at: Moment; skip: number; readonly spring: () => void }[] = [];

  constructor(options: ProcessOptions) {
    this.#options = options;
    const { cloud, control, store, random, name, holder } = options;
    const { clock } = cloud;
    let ids = 0;
    const provider = this.#wired(cloud, 'cloud');
    this.daskup = new Daskup({
      store: this.#wired(store, 'store'),
      providers: [provider],
      control: this.#wired(control, 'control'),
      issueCredentials: () => this.#call('none', 'issueCredentials', [], async () => CREDENTIALS),
      connectionYaml: () => '',
      environmentProblem: () => null,
      reclaim: (id) => provider.reclaim(id),
      holder,
      newId: () => `${name}-${ids++}`,
      random: () => random.next(),
      now: () => clock.now,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.#awake();
      },
      log: options.onLog,
    });
    void this.daskup.run(this.#stop.signal).then(() => this.die());
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Resolves when it is no more. */
  get died(): Promise<void> {
    return this.#died.promise;
  }

  die(): void {
    this.#alive = false;
    this.#died.resolve();
  }

  /** Does something to itself at a call of its. */
  trap(at: Moment, spring: () => void): void {
    this.#traps.push({ at, skip: at.skip, spring });
  }

  /** Takes every {@link trap} away. */
  spare(): void {
    this.#traps = [];
  }

  /** Ends in order, as on SIGTERM. */
  stop(): void {
    this.#stop.abort();
  }

  /** Stands still, as on SIGSTOP; milliseconds since 1970, UTC. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** The same object, with every method's call going over a wire. */
  #wired<T extends object>(target: T, wire: Wire): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          this.#call(wire, String(key), args, () => Reflect.apply(value, object, args) as Promise<unknown>);
      },
    });
  }

  async #call<T>(wire: Wire, name: string, args: readonly unknown[], effect: () => Promise<T>): Promise<T> {
    await this.#awake();
    this.calls += 1;
    const { random, onCall, cloud } = this.#options;
    const sprung = this.#sprung(name);
    const lost = this.#loses(wire, name);
    const twice = wire === 'cloud' && random.chance(cloud.faults.twice);
    onCall(name, args, 'asked');
    try {
      await this.#travel(wire);
      for (const { at, spring } of sprung) if (at.side === 'before') spring();
      await this.#awake();
      if (lost === 'request') throw new SimulatedFault(`${name} did not arrive`);
      if (twice) await effect().catch(() => {});
      const answer = await effect();
      for (const { at, spring } of sprung) if (at.side === 'after') spring();
      await this.#awake();
      await this.#travel(wire);
      await this.#awake();
      if (lost === 'answer') throw new SimulatedFault(`the answer to ${name} did not come`);
      onCall(name, args, 'answered');
      return answer;
    } catch (error) {
      await this.#awake();
      onCall(name, args, 'failed');
      throw error;
    }
  }

  #sprung(name: string) {
    const concerned = this.#traps.filter(({ at }) => at.call === null || at.call === name);
    const sprung = concerned.filter((trap) => trap.skip-- === 0);
    this.#traps = this.#traps.filter((trap) => !sprung.includes(trap));
    return sprung;
  }

  #loses(wire: Wire, name: string): 'request' | 'answer' | null {
    const { random, cloud } = this.#options;
    const { lost, storeLost, outage } = cloud.faults;
    if (outage?.call === name && wire !== 'store') return outage.loses;
    const share = { cloud: lost, control: lost, store: storeLost, none: 0 }[wire];
    return random.chance(share) ? random.pick(['request', 'answer']) : null;
  }

  async #travel(wire: Wire): Promise<void> {
    const { random, cloud } = this.#options;
    // A store beside the process mostly answers at once.
    if (wire === 'none' || (wire === 'store' && random.chance(0.9))) return;
    const [least, most] = { cloud: CLOUD_MS, control: CONTROL_MS, store: STORE_MS }[wire];
    const slow = wire === 'cloud' ? random.between(0, cloud.faults.slowMs) : 0;
    await cloud.clock.sleep(slow + random.between(least, most) / 2);
  }

  /** Goes on once it may; never, for the dead. */
  async #awake(): Promise<void> {
    const { clock } = this.#options.cloud;
    while (this.#alive && clock.now < this.#pausedUntil) await clock.sleep(this.#pausedUntil - clock.now);
    if (!this.#alive) await new Promise(() => {});
  }
}
