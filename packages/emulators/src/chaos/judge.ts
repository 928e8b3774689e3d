import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { MachineRecord } from '@daskup/core/observe/machine';
import type { LaunchBatch } from '@daskup/core/provision/provider';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { Cluster } from '@daskup/core/state/cluster';
import type { ClusterEvent, Write } from '@daskup/core/state/store';
import type { CloudWatcher, SimCloud } from '../sim/cloud.ts';
import { SIMULATED } from '../sim/faults.ts';
import type { SimMachine } from '../sim/machine.ts';
import { billed } from '../sim/meter.ts';
import type { StoreWatcher } from './watched-store.ts';

const MINUTE = 60_000;
/** What no live cluster owns is found by a sweep a minute, which may just have been, and then takes its time to end. */
const ORPHAN_MS = 3 * MINUTE;
/** A machine cannot end itself when its boot script never began; the core has this long to, once it can. */
const HELPLESS_MS = 3 * MINUTE;
/** More calls than this for one cluster within a minute is hammering. */
const CALLS_A_MINUTE = 70;
/** The core's own limit is a minute, by a clock that is up to 10 s coarse. */
const SILENT_MS = 45_000;

export const PROPERTIES = {
  count: 'never more live machines than asked for',
  ttl: 'none alive past its TTL by more than a minute',
  orphan: 'none alive without a live cluster',
  gone: "a machine's record goes only after it was seen gone",
  ledger: 'the ledger equals the meter',
  progress: 'no cluster is stuck once faults stop',
  once: 'commands are applied once',
  answer: 'every command gets one result or one error',
  place: 'nothing prepared is left behind',
  calm: 'a cloud that refuses is not hammered',
  cause: 'no cluster fails without a cause',
  taken: 'what the cloud takes back is left to it',
  error: 'no error but the simulated ones',
} as const;

export type Property = keyof typeof PROPERTIES;

export interface Violation {
  readonly property: Property;
  /** What was seen, with ids. */
  readonly detail: string;
  /** Virtual milliseconds since the history began. */
  readonly atMs: number;
}

/** What the store holds of one cluster, as told by its writes. */
export interface Known {
  readonly installation: string;
  cluster: Cluster;
  readonly records: Map<string, MachineRecord>;
  readonly ledger: Map<string, LedgerEntry>;
  readonly events: ClusterEvent[];
  /** When it ended or failed; null while it lives. */
  overAt: number | null;
  /** Its store was lost: what it held is nobody's any more. */
  forgotten: boolean;
}

/**
 * Looks on: hears of every write and every launch, knows the cloud as it truly is, and says what must not be. Of the
 * core's code it uses only types and the phases' names.
 */
export class Judge implements CloudWatcher {
  violation: Violation | null = null;
  readonly clusters = new Map<string, Known>();
  /** Until when something may have kept the core from acting; milliseconds since 1970, UTC. */
  helplessUntil: number;
  readonly #cloud: SimCloud;
  readonly #start: number;
  /** How many workers were asked for when a launch was decided, by token. */
  readonly #asked = new Map<string, number>();
  readonly #calls = new Map<string, number[]>();
  readonly #unanswered = new Map<string, { since: number; count: number }>();

  constructor(cloud: SimCloud) {
    this.#cloud = cloud;
    this.#start = cloud.clock.now;
    this.helplessUntil = this.#start;
    cloud.watcher = this;
  }

  say(property: Property, detail: string): void {
    this.violation ??= { property, detail, atMs: this.#cloud.clock.now - this.#start };
  }

  /** A store's watcher; `installation` is what its machines are tagged with. */
  watching(installation: string): StoreWatcher {
    return {
      created: (cluster, events) => {
        this.clusters.set(cluster.id, {
          installation,
          cluster,
          records: new Map(),
          ledger: new Map(),
          events: [...events],
          overAt: null,
          forgotten: false,
        });
        this.#watchTtl(cluster.id, cluster.expiresAt);
      },
      committed: (id, write) => this.#committed(id, write),
    };
  }

  /** Every store there was is gone. */
  forget(): void {
    for (const known of this.clusters.values()) {
      known.forgotten = true;
      if (known.overAt === null) this.#over(known);
    }
  }

  launched({ token, tags }: LaunchBatch, machines: readonly SimMachine[]): void {
    const known = this.clusters.get(tags.clusterId);
    if (!known) throw new Error(`Launched for cluster ${tags.clusterId}, which no store knows`);
    const alive = this.#cloud.all.filter(
      (machine) => machine.isUp && machine.tags.clusterId === tags.clusterId && machine.tags.role === tags.role,
    );
    // Those that a scale-down or the cloud's own notice is moving out are not in anybody's way; one that was merely told to end is.
    const staying = alive.filter(({ id, reclaimedAt }) => reclaimedAt === null && !known.records.get(id)?.leaving);
    const most = tags.role === 'scheduler' ? 1 : Math.max(this.#asked.get(token) ?? 0, known.cluster.target);
    if (tags.role === 'scheduler' ? alive.length > 1 : staying.length > most) {
      this.say(
        'count',
        `${staying.length} ${tags.role}s of ${tags.clusterName} live, ${machines.length} of them new; ${most} were asked for`,
      );
    }
    if (known.overAt !== null) for (const machine of machines) this.#watchOrphan(machine, known.overAt);
  }

  /** A call of a process to the outside. */
  called(process: string, call: string, args: readonly unknown[], state: 'asked' | 'answered' | 'failed'): void {
    const { now } = this.#cloud.clock;
    if ((call === 'launch' || call === 'prepare') && state === 'asked') {
      const [asked] = args as [{ clusterId: string } | LaunchBatch];
      const key = `${process} ${call} ${'tags' in asked ? asked.tags.clusterId : asked.clusterId}`;
      const recent = [...(this.#calls.get(key) ?? []).filter((at) => now - at < MINUTE), now];
      this.#calls.set(key, recent);
      if (recent.length > CALLS_A_MINUTE) this.say('calm', `${key}: ${recent.length} calls within a minute`);
    }
    if (call === 'terminate' && state === 'asked') {
      const [ids] = args as [readonly string[]];
      for (const id of ids) this.#ending(id);
    }
    if (call === 'status' && state !== 'asked') {
      const [{ address }] = args as [{ address: string }];
      const { since, count } = this.#unanswered.get(address) ?? { since: now, count: 0 };
      if (state === 'answered') this.#unanswered.delete(address);
      else this.#unanswered.set(address, { since, count: count + 1 });
    }
  }

  /** One that has nothing left to do but to be taken, of a cluster that goes on where it is. */
  #ending(id: string): void {
    const machine = this.#cloud.machine(id);
    const known = this.clusters.get(machine?.tags.clusterId ?? '');
    if (!machine?.isUp || !machine.isEmptied || !known || known.forgotten) return;
    const { state, moveTo } = known.cluster;
    if (moveTo === null && (state.phase === 'starting' || state.phase === 'ready'))
      this.say('taken', `${id} is ended, which its cloud is to take back`);
  }

  logged(line: string): void {
    const trouble = /failed|to be tried again|could not be listed/.test(line);
    if (trouble && !line.includes(SIMULATED)) this.say('error', line);
  }

  #committed(id: string, { cluster, machines = [], ledger = [], events = [] }: Write): void {
    const known = this.clusters.get(id);
    if (!known) return;
    for (const record of machines) this.#recorded(known, record);
    for (const entry of ledger) this.#paid(known, entry);
    known.events.push(...events);
    if (!cluster) return;
    const before = known.cluster;
    known.cluster = cluster;
    for (const { token } of cluster.launches) {
      if (!this.#asked.has(token)) this.#asked.set(token, cluster.target);
    }
    if (cluster.expiresAt !== before.expiresAt) this.#watchTtl(id, cluster.expiresAt);
    if (cluster.state.phase === 'stopping' && before.state.phase !== 'stopping') this.#stopped(cluster);
    if (isLive(before.state) && !isLive(cluster.state)) this.#over(known);
  }

  #recorded(known: Known, record: MachineRecord): void {
    const before = known.records.get(record.id);
    known.records.set(record.id, record);
    const truth = this.#cloud.machine(record.id);
    if (!truth) throw new Error(`${record.id} is recorded and was never there`);
    if (before?.state === 'terminated' && record.state !== 'terminated') {
      this.say('gone', `${record.id} was recorded as terminated, and is ${record.state} again`);
    }
    if (record.state !== 'terminated') return;
    if (truth.endedAt === null) this.say('gone', `${record.id} is recorded as terminated and is not`);
    else if (record.endedAt !== truth.endedAt) this.say('gone', `${record.id} is recorded as ended at another time`);
  }

  #paid(known: Known, entry: LedgerEntry): void {
    const truth = this.#cloud.machine(entry.machineId);
    if (known.ledger.has(entry.machineId) && known.ledger.get(entry.machineId)?.from !== entry.from) {
      this.say('ledger', `${entry.machineId} is paid for twice`);
    }
    known.ledger.set(entry.machineId, entry);
    if (!truth || billed(truth) !== entry.micros) {
      this.say('ledger', `${entry.machineId} is billed ${truth && billed(truth)}, the ledger says ${entry.micros}`);
    }
  }

  #stopped({ state, endpoint, spec }: Cluster): void {
    if (state.phase !== 'stopping' || !state.why.includes('has not answered')) return;
    const silence = this.#unanswered.get(endpoint?.address ?? '');
    const ms = this.#cloud.clock.now - (silence?.since ?? this.#cloud.clock.now);
    if (ms < SILENT_MS || (silence?.count ?? 0) < 3) {
      this.say('cause', `${spec.name} failed since ${state.why}, after ${silence?.count ?? 0} questions in ${ms} ms`);
    }
  }

  #over(known: Known): void {
    const { now } = this.#cloud.clock;
    known.overAt = now;
    for (const machine of this.#machinesOf(known.cluster.id)) this.#watchOrphan(machine, now);
  }

  #machinesOf(clusterId: string): readonly SimMachine[] {
    return this.#cloud.all.filter(({ tags }) => tags.clusterId === clusterId);
  }

  #watchTtl(clusterId: string, expiresAt: number): void {
    this.#cloud.clock.at(expiresAt + MINUTE, () => {
      if (this.clusters.get(clusterId)?.cluster.expiresAt !== expiresAt) return;
      for (const machine of this.#machinesOf(clusterId)) {
        if (machine.fate === 'never starts') this.#watchHelpless('ttl', machine, HELPLESS_MS);
        else if (machine.endedAt === null) this.say('ttl', `${machine.id} is alive a minute after its TTL`);
      }
    });
  }

  /** No live cluster owns it any more: it is to go, whatever its TTL. */
  #watchOrphan(machine: SimMachine, overAt: number): void {
    this.#cloud.clock.at(overAt + ORPHAN_MS, () => this.#watchHelpless('orphan', machine, ORPHAN_MS));
  }

  /** A machine that only the core can end, or is to end before its time: once nothing keeps the core from it. */
  #watchHelpless(property: Property, machine: SimMachine, ms: number): void {
    if (machine.endedAt !== null) return;
    const { clock } = this.#cloud;
    const limit = Math.max(this.helplessUntil, machine.launchedAt) + ms;
    // A store of another installation knows nothing of it: there is nobody who could.
    if (machine.tags.installation !== this.installation) return;
    if (clock.now < limit) clock.at(limit, () => this.#watchHelpless(property, machine, ms));
    else this.say(property, `${machine.id} of ${machine.tags.clusterName} is still alive`);
  }

  /** What the present store tags its machines with. */
  installation = '';
}
