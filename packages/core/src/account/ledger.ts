import type { Role } from '../provision/provider.ts';
import type { Market } from '../spec/spec.ts';

/**
 * One machine's use for one period at one price. Append-only; a machine's entry is written in the same transaction that
 * records its end. Times in milliseconds since 1970, UTC; money in micro-dollars.
 */
export interface LedgerEntry {
  /** With `from` the entry's identity: writing it again changes nothing. */
  readonly machineId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly owner: string;
  readonly role: Role;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly type: string;
  readonly market: Market;
  readonly from: number;
  readonly to: number;
  /** Whole seconds billed: rounded up, and at least the cloud's minimum. */
  readonly seconds: number;
  readonly microsPerHour: number;
  readonly micros: number;
}
