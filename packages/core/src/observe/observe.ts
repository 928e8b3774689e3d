import type { Machine } from '../provision/provider.ts';
import { isAlive, type MachineRecord } from './machine.ts';
import type { SchedulerStatus } from './scheduler.ts';

/**
 * A machine that no read has shown for this long is gone: longer than any cloud's lists lag, shorter than the hour for
 * which they show ended machines. Milliseconds.
 */
const VANISHED_MS = 300_000;

/** `seenAt` is renewed no oftener than this, so that a quiet cluster writes nothing; milliseconds. */
const SEEN_EVERY_MS = 60_000;

export interface Observation {
  /** Every machine of the cluster as it is now known. */
  readonly machines: readonly MachineRecord[];
  /** Those of them that are new or differ from what is stored. */
  readonly changed: readonly MachineRecord[];
  /** Those that were alive until this observation. */
  readonly ended: readonly MachineRecord[];
}

/**
 * Joins what is remembered of a cluster's machines with what its cloud and its scheduler show now. Pure.
 * `seen`: the cloud's machines of this cluster, null when the cloud did not answer. `status`: null when the scheduler did
 * not answer. `now`: milliseconds since 1970, UTC.
 */
export function observe(
  records: readonly MachineRecord[],
  seen: readonly Machine[] | null,
  status: SchedulerStatus | null,
  now: number,
): Observation {
  const known = new Map(records.map((record) => [record.id, record]));
  const shown = new Map((seen ?? []).map((machine) => [machine.id, machine]));
  const members = new Map((status?.workers ?? []).map((worker) => [worker.name, worker]));

  const machines: MachineRecord[] = [];
  const changed: MachineRecord[] = [];
  const ended: MachineRecord[] = [];
  // A machine no launch told us of, because its answer was lost, carries our tags all the same.
  const strangers = [...shown.values()]
    .filter((machine) => !known.has(machine.id))
    .map((machine) => recordOf(machine, now));
  for (const before of [...records, ...strangers]) {
    let after = before;
    if (isAlive(before)) {
      const machine = shown.get(before.id);
      if (machine) after = refreshed(before, machine, now);
      else if (seen && now - before.seenAt > VANISHED_MS) after = vanished(before);
      if (isAlive(after)) after = joined(after, status !== null, members, now);
      if (isAlive(after) && status?.taken[after.id] !== undefined) after = going(after);
    }
    machines.push(after);
    if (after !== before || !known.has(after.id)) changed.push(after);
    if (isAlive(before) && !isAlive(after)) ended.push(after);
  }
  return { machines, changed, ended };
}

/** The first record of a machine, from what a launch returned or a read showed. */
export function recordOf(machine: Machine, now: number): MachineRecord {
  return {
    id: machine.id,
    clusterId: machine.tags.clusterId,
    role: machine.tags.role,
    offer: machine.offer,
    state: machine.state === 'terminated' ? 'stopping' : machine.state,
    address: machine.address,
    launchedAt: machine.launchedAt,
    runningAt: machine.runningAt,
    joinedAt: null,
    absentAt: null,
    seenAt: now,
    leaving: false,
    terminateAskedAt: null,
    endedAt: null,
    endReason: '',
  };
}

function refreshed(before: MachineRecord, machine: Machine, now: number): MachineRecord {
  const after: MachineRecord = {
    ...before,
    state: machine.state,
    address: machine.address,
    runningAt: machine.runningAt,
    leaving: before.leaving || machine.reclaimed,
    endedAt: machine.state === 'terminated' ? (machine.endedAt ?? now) : null,
    endReason: machine.endReason,
    seenAt: now - before.seenAt >= SEEN_EVERY_MS ? now : before.seenAt,
  };
  return same(before, after) ? before : after;
}

function vanished(before: MachineRecord): MachineRecord {
  return { ...before, state: 'terminated', endedAt: before.seenAt, endReason: 'no longer listed by the cloud' };
}

function joined(
  machine: MachineRecord,
  answered: boolean,
  members: ReadonlyMap<string, { readonly leaving: boolean }>,
  now: number,
): MachineRecord {
  if (!answered) return machine;
  const member = machine.role === 'scheduler' ? { leaving: false } : members.get(machine.id);
  if (!member) {
    const gone = machine.joinedAt !== null && machine.absentAt === null;
    return gone ? { ...machine, absentAt: now } : machine;
  }
  const leaving = machine.leaving || member.leaving;
  if (machine.joinedAt !== null && machine.absentAt === null && leaving === machine.leaving) return machine;
  return { ...machine, joinedAt: machine.joinedAt ?? now, absentAt: null, leaving };
}

/** Its cloud takes it back: nobody need wait for its worker to be seen leaving. */
function going(machine: MachineRecord): MachineRecord {
  return machine.leaving ? machine : { ...machine, leaving: true };
}

function same(a: MachineRecord, b: MachineRecord): boolean {
  return (Object.keys(a) as (keyof MachineRecord)[]).every((key) => a[key] === b[key]);
}
