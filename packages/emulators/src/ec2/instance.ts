import type { Clock } from '../clock.ts';
import type { Volume } from './volumes.ts';

export type Market = 'on-demand' | 'spot';
export type State = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** Codes of states. Source: EC2 API reference, InstanceState. */
export const STATE_CODES: Readonly<Record<State, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** Why an instance ended, as DescribeInstances says it. Source: EC2 API reference, StateReason. */
export const REASONS = {
  user: ['Client.UserInitiatedShutdown', 'User initiated shutdown'],
  itself: ['Client.InstanceInitiatedShutdown', 'Instance initiated shutdown'],
  spot: ['Server.SpotInstanceTermination', 'Spot instance termination'],
  zone: ['Server.InternalError', 'Internal error'],
} as const;
export type Reason = keyof typeof REASONS;

/** What is settled about an instance when it is launched. */
export interface Birth {
  readonly id: string;
  readonly reservationId: string;
  readonly index: number;
  readonly type: string;
  readonly architecture: string;
  readonly hypervisor: string;
  readonly vcpus: number;
  readonly market: Market;
  readonly region: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly imageId: string;
  readonly address: string;
  readonly isPublic: boolean;
  readonly groups: readonly string[];
  readonly interfaceId: string;
  /** Decoded; null for none. */
  readonly userData: Buffer | null;
  readonly keyName: string | undefined;
  readonly profileArn: string | undefined;
  readonly volume: Volume;
  /** How many the machine has of its own. */
  readonly disks: number;
  readonly clientToken: string;
  readonly shutdownBehavior: 'stop' | 'terminate';
  readonly metadata: { readonly tokens: 'optional' | 'required'; readonly enabled: boolean; readonly tags: boolean };
  readonly fleetId: string | null;
  readonly microsPerHour: number;
}

/** One instance as it truly is. Times in milliseconds since 1970, UTC. */
export class Instance {
  readonly birth: Birth;
  readonly tags: Map<string, string>;
  /** To whole seconds, as EC2 tells it. */
  readonly launchedAt: number;
  readonly #clock: Clock;
  readonly #history: { readonly at: number; readonly state: State }[];
  /** When EC2 said that it would take it back. */
  noticeAt: number | null = null;
  /** When its user data began, or would have; null while it has not. */
  bootedAt: number | null = null;
  reason: Reason | null = null;

  constructor(birth: Birth, tags: ReadonlyMap<string, string>, clock: Clock) {
    this.birth = birth;
    this.tags = new Map(tags);
    this.#clock = clock;
    this.launchedAt = Math.floor(clock.now() / 1000) * 1000;
    this.#history = [{ at: clock.now(), state: 'pending' }];
  }

  get id(): string {
    return this.birth.id;
  }

  get state(): State {
    return this.#history.at(-1)?.state ?? 'pending';
  }

  /** It is there or will be: not on its way out. */
  get isUp(): boolean {
    return this.state === 'pending' || this.state === 'running';
  }

  become(state: State): void {
    this.#history.push({ at: this.#clock.now(), state });
  }

  /** Its state at that time; null when it was not launched yet. */
  stateAt(time: number): State | null {
    return this.#history.findLast(({ at }) => at <= time)?.state ?? null;
  }

  /** When it first was in this state; null when never. */
  since(state: State): number | null {
    return this.#history.find((entry) => entry.state === state)?.at ?? null;
  }
}
