import type { MachineRecord } from '../observe/machine.ts';
import type { Cluster } from '../state/cluster.ts';
import type { LedgerEntry } from './ledger.ts';
import { priceOf } from './money.ts';

/**
 * The ledger entry of a machine's use until `now` (milliseconds since 1970, UTC), or until its end. Null while the cloud
 * does not bill it. The entry of a machine that ended is final; one of a living machine is what it would be.
 */
export function entryOf(cluster: Cluster, machine: MachineRecord, now: number): LedgerEntry | null {
  if (machine.runningAt === null) return null;
  const { offer } = machine;
  const to = Math.max(machine.runningAt, machine.endedAt ?? now);
  const seconds = Math.max(offer.minimumSeconds, Math.ceil((to - machine.runningAt) / 1000));
  return {
    machineId: machine.id,
    clusterId: cluster.id,
    clusterName: cluster.spec.name,
    owner: cluster.owner,
    role: machine.role,
    provider: offer.provider,
    region: offer.region,
    zone: offer.zone,
    type: offer.type,
    market: offer.market,
    from: machine.runningAt,
    to,
    seconds,
    microsPerHour: offer.microsPerHour,
    micros: priceOf(offer.microsPerHour, seconds),
  };
}

/** What the cluster's machines have cost until `now`, ended ones included; micro-dollars. */
export function spentMicros(cluster: Cluster, machines: readonly MachineRecord[], now: number): number {
  let sum = 0;
  for (const machine of machines) sum += entryOf(cluster, machine, now)?.micros ?? 0;
  return sum;
}
