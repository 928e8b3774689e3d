import type { Offer } from '@daskup/core/plan/offer';
import type { Boot, Machine, MachineState, MachineTags } from '@daskup/core/provision/provider';
import type { VirtualClock } from './clock.ts';
import type { SimDask } from './dask.ts';
import type { Random } from './random.ts';

/** What becomes of a machine's boot script, settled at its launch. */
export type BootFate = 'boots' | 'boots slowly' | 'fails' | 'never starts';

/** From the launch to running, as EC2 takes for it; from running to Dask; from the end's beginning to its being over. */
const PENDING_MS = [1_000, 6_000] as const;
const BOOT_MS = [8_000, 25_000] as const;
const SHUTDOWN_MS = [500, 8_000] as const;
/** The boot script looks at its deadline at least this often. */
const DEADLINE_EVERY_MS = 5_000;
/** EC2's spot notice comes two minutes ahead. */
const NOTICE_MS = 120_000;
/** From a worker's seeing the notice to its results being elsewhere. */
const EMPTYING_MS = [1_000, 10_000] as const;

/** How a machine came to be. */
export interface Birth {
  readonly id: string;
  readonly tags: MachineTags;
  readonly offer: Offer;
  readonly boot: Boot;
  readonly fate: BootFate;
  /** What its Python environment takes on top of a boot; milliseconds. */
  readonly environmentMs: number;
}

/** Where a machine lives. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly dask: SimDask;
}

/**
 * One machine as it truly is, whatever any list says. It lives and ends by itself as the boot script does: at its
 * deadline, when it cannot join, when its scheduler is gone. Times in milliseconds since 1970, UTC.
 */
export class SimMachine {
  readonly id: string;
  readonly tags: MachineTags;
  readonly offer: Offer;
  readonly boot: Boot;
  readonly fate: BootFate;
  readonly launchedAt: number;
  runningAt: number | null = null;
  /** When the cloud said that it would take it back. */
  reclaimedAt: number | null = null;
  /** It has moved its results away, and waits to be taken. */
  isEmptied = false;
  stoppingAt: number | null = null;
  endedAt: number | null = null;
  endReason = '';
  /** When its boot script ends it; moves when a TTL is extended. */
  deadline: number;
  readonly #environmentMs: number;
  readonly #around: Surroundings;

  constructor({ id, tags, offer, boot, fate, environmentMs }: Birth, around: Surroundings) {
    this.id = id;
    this.tags = tags;
    this.offer = offer;
    this.boot = boot;
    this.fate = fate;
    this.#environmentMs = environmentMs;
    this.deadline = boot.expiresAt;
    this.#around = around;
    this.launchedAt = around.clock.now;
    this.#after(PENDING_MS, () => this.#run());
  }

  /** Not seen by anybody to have begun to end. */
  get isUp(): boolean {
    return this.stoppingAt === null;
  }

  /** What a list shows that was made from the cloud as it was at `time`; null when the machine was not in it. */
  viewAt(time: number): Machine | null {
    if (time < this.launchedAt) return null;
    const since = (at: number | null) => at !== null && at <= time;
    const state: MachineState = since(this.endedAt)
      ? 'terminated'
      : since(this.stoppingAt)
        ? 'stopping'
        : since(this.runningAt)
          ? 'running'
          : 'pending';
    return {
      id: this.id,
      tags: this.tags,
      state,
      offer: this.offer,
      address: since(this.runningAt) ? `10.1.0.${this.id}` : '',
      launchedAt: this.launchedAt,
      runningAt: since(this.runningAt) ? this.runningAt : null,
      endedAt: state === 'terminated' ? this.endedAt : null,
      endReason: state === 'terminated' ? this.endReason : '',
      reclaimed: since(this.reclaimedAt),
    };
  }

  /** Ends it: from here on it is no part of Dask, a moment later it is gone and no longer billed. */
  end(reason: string): void {
    if (!this.isUp) return;
    const { clock, dask } = this.#around;
    this.stoppingAt = clock.now;
    dask.lose(this);
    this.#after(SHUTDOWN_MS, () => {
      this.endedAt = clock.now;
      this.endReason = reason;
    });
  }

  /** The cloud takes it back, with or without a word before. */
  reclaim(noticed: boolean): void {
    if (!this.isUp || this.reclaimedAt !== null) return;
    const { clock, dask } = this.#around;
    if (!noticed) {
      this.end('spot reclaim');
      return;
    }
    this.reclaimedAt = clock.now;
    const takenAt = clock.now + NOTICE_MS;
    clock.at(takenAt, () => this.end('spot reclaim'));
    // Emptied, it is left to the cloud, as a machine in its first hour is.
    if (dask.take(this, takenAt))
      this.#after(EMPTYING_MS, () => {
        this.isEmptied = true;
        dask.lose(this);
      });
  }

  bootLog(): string {
    if (this.runningAt === null || this.fate === 'never starts') return '';
    return `daskup: 0s ${this.tags.role} of cluster ${this.tags.clusterName}\ndaskup: 1s starting dask ${this.tags.role}\n`;
  }

  #run(): void {
    if (!this.isUp) return;
    this.runningAt = this.#around.clock.now;
    if (this.fate === 'never starts') return;
    this.#watchDeadline();
    const [least, most] = BOOT_MS;
    this.#after([least + this.#environmentMs, most + this.#environmentMs], () => {
      if (!this.isUp) return;
      if (this.fate === 'fails') this.end(`dask ${this.tags.role} exited with code 1`);
      else this.#around.dask.arrive(this);
    });
  }

  #watchDeadline(): void {
    const { clock, random } = this.#around;
    clock.at(this.deadline + random.between(0, DEADLINE_EVERY_MS), () => {
      if (!this.isUp) return;
      if (clock.now >= this.deadline) this.end('its TTL is over');
      else this.#watchDeadline();
    });
  }

  #after([least, most]: readonly [number, number], change: () => void): void {
    const { clock, random } = this.#around;
    const slowly = this.fate === 'boots slowly' ? 2 : 1;
    clock.at(clock.now + slowly * random.between(least, most), change);
  }
}
