import type { Offer } from '../plan/offer.ts';
import type { MachineState, Role } from '../provision/provider.ts';

/**
 * What is remembered of a machine: kept from the moment a launch returned it, or a read first showed it, until it was
 * seen gone and paid for. Times in milliseconds since 1970, UTC.
 */
export interface MachineRecord {
  readonly id: string;
  readonly clusterId: string;
  readonly role: Role;
  readonly offer: Offer;
  readonly state: MachineState;
  readonly address: string;
  readonly launchedAt: number;
  readonly runningAt: number | null;
  /** When it first was part of the Dask cluster. */
  readonly joinedAt: number | null;
  /** Since when its scheduler no longer knows it; null while it does, and before it joined. */
  readonly absentAt: number | null;
  /** When a read last showed it alive. */
  readonly seenAt: number;
  /** It is to go once its results are elsewhere: not counted as a worker any more. */
  readonly leaving: boolean;
  /** When its end was last asked for; null if never. */
  readonly terminateAskedAt: number | null;
  readonly endedAt: number | null;
  readonly endReason: string;
}

export function isAlive(machine: Pick<MachineRecord, 'state'>): boolean {
  return machine.state !== 'terminated';
}
