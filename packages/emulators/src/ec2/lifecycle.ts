import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { Machine } from './execute.ts';
import type { Guard } from './guard.ts';
import { NOTICE_MS } from './imds.ts';
import type { Instance, Reason } from './instance.ts';
import type { Region } from './region.ts';

type Span = readonly [number, number];

/** How long things take; from, to, in milliseconds. */
export interface Pace {
  /** From the launch to running. */
  readonly pendingMs: Span;
  /** From running to the user data's first line. */
  readonly bootMs: Span;
  /** From the end's beginning to terminated. */
  readonly shutdownMs: Span;
}

export const PACES = {
  /** Measured elsewhere: 5 s to running, 22 to 29 s to where one can log in. */
  ec2: { pendingMs: [4_000, 6_000], bootMs: [14_000, 20_000], shutdownMs: [8_000, 30_000] },
  quick: { pendingMs: [100, 400], bootMs: [0, 100], shutdownMs: [100, 400] },
} as const satisfies Readonly<Record<string, Pace>>;

/** EC2 posts what an instance printed some time after it has begun or ended; milliseconds. */
const POSTED_AFTER_MS = 60_000;

export interface Running {
  readonly clock: Clock;
  readonly guard: Guard;
  /** Where instances find `DASKUP_CACHE`; null for each on a disk of its own. */
  readonly cache: string | null;
  /** A file of the container images that there are. */
  readonly registry: string;
  readonly pace: Pace;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** Whether its user data is left out. */
  readonly isHollow: (instance: Instance) => boolean;
}

/** What happens to instances by itself: they run, boot, and end. */
export class Lifecycle {
  readonly #around: Running;
  readonly #machines = new Map<string, Machine>();
  readonly #posted = new Map<string, Buffer>();

  constructor(around: Running) {
    this.#around = around;
  }

  launched(region: Region, instance: Instance): void {
    const { clock, pace, random } = this.#around;
    const { neverBoot, failBoot, slowBootMs } = region.world.faults;
    const draw = random();
    const boots = draw >= neverBoot;
    const breaksOff = boots && draw < neverBoot + failBoot;
    clock.after(this.#some(pace.pendingMs), () => {
      if (instance.state !== 'pending') return;
      instance.become('running');
      clock.after(POSTED_AFTER_MS, () => void this.#post(instance));
      if (boots) clock.after(this.#some(pace.bootMs) + slowBootMs, () => void this.#boot(region, instance, breaksOff));
    });
  }

  end(region: Region, instance: Instance, reason: Reason): void {
    const { clock, pace } = this.#around;
    if (instance.state === 'shutting-down' || instance.state === 'terminated') return;
    const stops = reason === 'itself' && instance.birth.shutdownBehavior === 'stop';
    instance.reason = reason;
    instance.become(stops ? 'stopping' : 'shutting-down');
    this.#machines.get(instance.id)?.off();
    clock.after(this.#some(pace.shutdownMs), () => {
      if (instance.state === 'stopping') instance.become('stopped');
      if (instance.state !== 'shutting-down') return;
      instance.become('terminated');
      void this.#post(instance);
      const own = region.interfaces.get(instance.birth.interfaceId);
      if (own?.deleteOnTermination) region.removeInterface(own);
      else if (own) own.instanceId = null;
    });
  }

  /** EC2 takes a spot instance back: after a notice of two minutes, or at once. */
  reclaim(region: Region, instance: Instance, withNotice: boolean): void {
    if (!instance.isUp) return;
    if (!withNotice) {
      this.end(region, instance, 'spot');
      return;
    }
    const { clock } = this.#around;
    instance.noticeAt ??= clock.now();
    clock.after(NOTICE_MS, () => this.end(region, instance, 'spot'));
  }

  /** What it printed: all, or as much as was posted. */
  async console(instance: Instance, latest: boolean): Promise<Buffer> {
    const posted = this.#posted.get(instance.id) ?? Buffer.alloc(0);
    return latest ? ((await this.#machines.get(instance.id)?.console()) ?? posted) : posted;
  }

  /** Keeps what is on the disk of an instance that has stopped, for those that begin with it. */
  async imaged(instance: Instance, imageId: string): Promise<void> {
    await this.#machines.get(instance.id)?.saveDisk(this.#imageDisk(imageId));
  }

  close(): void {
    for (const machine of this.#machines.values()) machine.off();
  }

  async #boot(region: Region, instance: Instance, breaksOff: boolean): Promise<void> {
    if (instance.state !== 'running') return;
    const { clock, guard, cache, registry, isHollow } = this.#around;
    instance.bootedAt = clock.now();
    // Asked now, since some are given their tags after their launch.
    if (isHollow(instance)) return;
    const disk = cache ?? { from: this.#imageDisk(instance.birth.imageId) };
    const machine = new Machine(instance, clock, guard, disk, registry);
    this.#machines.set(instance.id, machine);
    try {
      await machine.boot(() => this.end(region, instance, 'itself'));
    } catch (error) {
      console.error(`${instance.id} cannot boot at ${instance.birth.address}:`, error);
    }
    if (breaksOff) await machine.breakOff();
  }

  #imageDisk(imageId: string): string {
    return join(this.#around.guard.folder, 'images', imageId);
  }

  async #post(instance: Instance): Promise<void> {
    const printed = await this.#machines.get(instance.id)?.console();
    if (printed) this.#posted.set(instance.id, printed);
  }

  #some([least, most]: Span): number {
    return least + this.#around.random() * (most - least);
  }
}
