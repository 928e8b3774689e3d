import type { SchedulerStatus } from '@daskup/core/observe/scheduler';
import type { VirtualClock } from './clock.ts';
import type { SimMachine } from './machine.ts';
import type { Random } from './random.ts';

/** The preload gives the server a minute to act on an idle cluster before the scheduler ends itself. */
const IDLE_GRACE_MS = 60_000;
/** A worker notices that its scheduler is gone, and its machine shuts down. */
const ORPHANED_MS = [500, 5_000] as const;
/** From the order to leave to the worker's being out of Dask. */
const EMPTYING_MS = [200, 3_000] as const;
/** From a worker's leaving Dask to its boot script's shutdown. */
const LEFT_MS = [200, 1_500] as const;

/** What people do with a cluster. */
export interface Workload {
  readonly clients: number;
  readonly adaptiveTarget: number;
  readonly idle: boolean;
}

/** The Dask of one cluster: which machines are part of it, and what it makes of those that come and go. */
export class SimDask {
  scheduler: SimMachine | null = null;
  readonly #members = new Map<SimMachine, { leaving: boolean }>();
  readonly #waiting = new Set<SimMachine>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #workload: Workload = { clients: 1, adaptiveTarget: 0, idle: false };
  readonly #taken = new Map<string, number>();
  #idleSince: number | null = null;
  #joined = false;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Workers that Dask gives tasks to. */
  get working(): readonly SimMachine[] {
    return [...this.#members].filter(([, { leaving }]) => !leaving).map(([machine]) => machine);
  }

  /** Dask has started on a machine: a worker joins, or waits for the scheduler as long as its boot told it. */
  arrive(machine: SimMachine): void {
    const limit = this.#clock.now + machine.boot.joinSeconds * 1000;
    if (machine.tags.role === 'scheduler') {
      this.scheduler = machine;
      for (const worker of this.#waiting) this.#join(worker);
      this.#waiting.clear();
      this.#watchIdle();
      this.#clock.at(limit, () => {
        if (!this.#joined) machine.end(`no worker joined within ${machine.boot.joinSeconds} s`);
      });
      return;
    }
    if (this.scheduler) {
      this.#join(machine);
      return;
    }
    this.#waiting.add(machine);
    this.#clock.at(limit, () => {
      if (this.#waiting.has(machine)) machine.end('dask worker exited with code 1');
    });
  }

  /** A machine ends: Dask loses it, and all of itself with its scheduler. */
  lose(machine: SimMachine): void {
    this.#members.delete(machine);
    this.#waiting.delete(machine);
    if (machine !== this.scheduler) return;
    this.scheduler = null;
    for (const worker of this.#members.keys()) {
      this.#after(ORPHANED_MS, () => worker.end('dask worker left the cluster'));
    }
    this.#members.clear();
  }

  /** A worker moves its results away and takes no new task. Returns whether it is a member that was not leaving yet. */
  leave(machine: SimMachine): boolean {
    const member = this.#members.get(machine);
    if (!member || member.leaving) return false;
    member.leaving = true;
    return true;
  }

  /** The same, since its cloud takes its machine back; milliseconds since 1970, UTC. */
  take(machine: SimMachine, at: number): boolean {
    const leaves = this.leave(machine);
    if (leaves) this.#taken.set(machine.id, at);
    return leaves;
  }

  /** These workers begin to move their results away, and close once they are empty. */
  retire(names: readonly string[]): void {
    const going = this.working.filter((machine) => names.includes(machine.id));
    for (const machine of going) {
      this.leave(machine);
      this.#after(EMPTYING_MS, () => {
        this.#members.delete(machine);
        this.#after(LEFT_MS, () => machine.end('dask worker left the cluster'));
      });
    }
  }

  status(): SchedulerStatus {
    return {
      workers: [...this.#members].map(([{ id }, { leaving }]) => ({ name: id, leaving, processing: 1, bytes: 1 })),
      clients: this.#workload.clients,
      idleSeconds: this.#idleSince === null ? null : (this.#clock.now - this.#idleSince) / 1000,
      adaptiveTarget: this.#workload.adaptiveTarget,
      taken: Object.fromEntries(this.#taken),
      tasks: {},
    };
  }

  /** The scheduler and its workers hear when they are to end; milliseconds since 1970, UTC. */
  tellDeadline(expiresAt: number): void {
    for (const machine of [this.scheduler, ...this.#members.keys()]) if (machine) machine.deadline = expiresAt;
  }

  work(load: Workload): void {
    this.#workload = load;
    this.#watchIdle();
  }

  #join(machine: SimMachine): void {
    this.#joined = true;
    this.#members.set(machine, { leaving: false });
  }

  #watchIdle(): void {
    const since = this.#workload.idle ? (this.#idleSince ?? this.#clock.now) : null;
    this.#idleSince = since;
    const { scheduler } = this;
    if (since === null || !scheduler) return;
    const limit = scheduler.boot.idleSeconds * 1000 + IDLE_GRACE_MS;
    this.#clock.at(since + limit, () => {
      if (this.#idleSince === since && this.#joined) scheduler.end(`idle for ${limit / 1000} s`);
    });
  }

  #after([least, most]: readonly [number, number], change: () => void): void {
    this.#clock.at(this.#clock.now + this.#random.between(least, most), change);
  }
}
