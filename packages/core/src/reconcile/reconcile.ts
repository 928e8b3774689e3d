import { dollars } from '../account/money.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import type { SchedulerStatus } from '../observe/scheduler.ts';
import type { Offer } from '../plan/offer.ts';
import { available, type Place, plan, type Unavailable } from '../plan/plan.ts';
import type { Role } from '../provision/provider.ts';
import { launchToken } from '../provision/token.ts';
import { describeSeconds } from '../spec/duration.ts';
import { isAdaptive, quorumOf } from '../spec/spec.ts';
import { rangesOf } from '../state/clients.ts';
import { type Cluster, type Launch, mayTry, stopping } from '../state/cluster.ts';
import type { ClusterEvent, Write } from '../state/store.ts';
import { move } from './lifecycle.ts';
import { TIMING } from './timing.ts';

/** What is known of one cluster at one moment. Times in milliseconds since 1970, UTC. */
export interface Known {
  readonly cluster: Cluster;
  readonly machines: readonly MachineRecord[];
  /** Null when the scheduler did not answer. */
  readonly status: SchedulerStatus | null;
  /** For how long it has not, as this process has asked; milliseconds. */
  readonly silentMs: number;
  /** For how long it has had no client, as this process has asked; milliseconds. */
  readonly awayMs: number;
  /** For how long this process has looked after it; milliseconds. */
  readonly watchedMs: number;
  /** What the cloud offers where the cluster is or might go; null when it did not say. */
  readonly offers: readonly Offer[] | null;
  readonly unavailable: Unavailable;
  readonly spentMicros: number;
  readonly now: number;
}

/** What is to be stored, and then done. Doing any of it twice is harmless. */
export interface Decision {
  readonly cluster: Cluster;
  /** Records that change by the decision. */
  readonly machines: readonly MachineRecord[];
  readonly events: readonly ClusterEvent[];
  /** The provider makes the cluster's place. */
  readonly prepare: boolean;
  /** What `prepare` made is given up, and the cluster is where `cluster.moveTo` says. */
  readonly move: boolean;
  /** Ids of machines to end now. */
  readonly terminate: readonly string[];
  /** Ids of workers to empty and close. */
  readonly retire: readonly string[];
  /** The ranges that clients are let in from, and no others; null while that is so. */
  readonly admit: readonly string[] | null;
  /** Machines that are given up before they ever joined: why is in their boot logs. */
  readonly givenUp: readonly MachineRecord[];
  /** No machine is left: once what `prepare` made is gone too, this is how the cluster ends. Null before. */
  readonly over: Write | null;
}

/**
 * Moves what is observed one step towards what is desired. Pure and level-triggered: it asks only what is, never what
 * happened, so a pass that was lost or came twice does no harm. Launches are decided here, put into `cluster.launches`
 * and carried out from there.
 */
export function reconcile(known: Known): Decision {
  const pass = new Pass(known);
  const state = known.cluster.state;
  if (state.phase === 'starting' || state.phase === 'ready') {
    pass.meet();
    const end = ending(pass);
    if (end) pass.stop(end);
    else pass.work();
  }
  if (pass.cluster.state.phase === 'stopping') pass.wind();
  return pass.decision();
}

/** A cloud that starts only so many at once may refuse a larger launch whole, for ever: EC2's most is the least of all. */
const LAUNCH_MOST = 1_000;

interface End {
  readonly why: string;
  readonly failed: boolean;
  /** Machines to blame for it, that never joined. */
  readonly unheard: readonly MachineRecord[];
}

/** Why the cluster must end now; null while it may go on. The first reason that holds is the one told. */
function ending(pass: Pass): End | null {
  const { cluster, now, status } = pass;
  const { spec, state } = cluster;
  const ended = (why: string): End => ({ why, failed: false, unheard: [] });
  const failed = (why: string, unheard: readonly MachineRecord[] = []): End => ({ why, failed: true, unheard });

  if (now >= cluster.expiresAt) return ended(`its TTL is over`);
  if (spec.budgetMicros !== null && pass.known.spentMicros >= spec.budgetMicros) {
    return ended(`its budget of ${dollars(spec.budgetMicros)} is spent`);
  }
  // One that was let go is of a place that the cluster left.
  const scheduler = pass.known.machines.find((machine) => machine.role === 'scheduler' && !machine.leaving);
  if (scheduler && !isAlive(scheduler)) {
    // Its own idle timer fires when no server was there to end the cluster in time.
    if (scheduler.endReason.startsWith('idle')) return ended(scheduler.endReason);
    return failed(`its scheduler ended: ${scheduler.endReason}`);
  }
  if (state.phase === 'starting') {
    if (cluster.failures >= Math.max(3, cluster.target) && pass.joined.length === 0) {
      return failed(`${cluster.failures} workers ended before they joined`);
    }
    if (now - state.since >= TIMING.startMs && pass.watched && pass.joined.length === 0) {
      const unheard = pass.alive.filter((machine) => machine.joinedAt === null);
      return failed(`no worker joined within ${describeSeconds(TIMING.startMs / 1000)}`, unheard);
    }
  }
  if (!status) {
    const { silentMs } = pass.known;
    // One that has yet to come up is silent too.
    return silentMs >= TIMING.silentMs && scheduler?.joinedAt != null
      ? failed(`its scheduler has not answered for ${describeSeconds(silentMs / 1000)}`)
      : null;
  }
  if (state.phase === 'starting') return null;
  if (status.idleSeconds === null) return null;
  if (status.idleSeconds >= spec.idleSeconds) return ended(`it was idle for ${describeSeconds(spec.idleSeconds)}`);
  if (cluster.clientAt !== null && pass.known.awayMs >= spec.awaySeconds * 1000) {
    return ended(`its last client left ${describeSeconds(spec.awaySeconds)} ago`);
  }
  return null;
}

/** One call of {@link reconcile}: what is known, and what has been decided so far. */
class Pass {
  readonly known: Known;
  readonly now: number;
  readonly status: SchedulerStatus | null;
  cluster: Cluster;
  readonly alive: readonly MachineRecord[];
  readonly #machines = new Map<string, MachineRecord>();
  readonly #events: ClusterEvent[] = [];
  readonly #terminate = new Set<string>();
  readonly #retire = new Set<string>();
  readonly #givenUp = new Set<MachineRecord>();
  #prepare = false;
  #move = false;
  #admit: readonly string[] | null = null;
  #over: Write | null = null;

  constructor(known: Known) {
    this.known = known;
    this.now = known.now;
    this.status = known.status;
    this.cluster = known.cluster;
    this.alive = known.machines.filter(isAlive);
  }

  decision(): Decision {
    return {
      cluster: this.cluster,
      machines: [...this.#machines.values()],
      events: this.#events,
      prepare: this.#prepare,
      move: this.#move,
      terminate: [...this.#terminate],
      retire: [...this.#retire],
      admit: this.#admit,
      givenUp: [...this.#givenUp],
      over: this.#over,
    };
  }

  /** Workers that are there and will be: one told to end still counts until the cloud shows that it does. */
  get present(): readonly MachineRecord[] {
    return this.alive.filter(
      (machine) => machine.role === 'worker' && !machine.leaving && machine.state !== 'stopping',
    );
  }

  /** Workers that are to stay: alive and not on their way out. */
  get workers(): readonly MachineRecord[] {
    return this.alive.filter(
      (machine) => machine.role === 'worker' && !machine.leaving && machine.terminateAskedAt === null,
    );
  }

  get joined(): readonly MachineRecord[] {
    return this.workers.filter((machine) => machine.joinedAt !== null && machine.absentAt === null);
  }

  /** Long enough to know that who has not come does not come: a computer that slept has kept everyone from it. */
  get watched(): boolean {
    return this.known.watchedMs >= TIMING.joinMs;
  }

  stop({ why, failed, unheard }: End): void {
    this.cluster = stopping(this.cluster, this.now, why, failed);
    for (const machine of unheard) this.#givenUp.add(machine);
    this.#tell(failed ? 'error' : 'info', failed ? `failed: ${why}` : `ending: ${why}`);
  }

  /** What the cluster remembers of its clients: nobody can leave before somebody came. */
  meet(): void {
    const { status, now, cluster } = this;
    if (cluster.clientAt === null && status && status.clients > 0) this.#update({ clientAt: now });
  }

  /** A cluster that is to live: have what it needs, no more and no less. */
  work(): void {
    if (this.cluster.moveTo) {
      this.#leave();
      return;
    }
    if (!this.cluster.endpoint) {
      this.#prepare = mayTry(this.cluster, this.now);
      return;
    }
    this.#letIn();
    this.#adapt();
    this.#becomeReady();
    this.#replaceSilent();
    this.#endAgain();
    this.#launchAll();
    this.#letGo(this.workers.length - this.cluster.target);
    this.#emptyLeaving();
  }

  /** A cluster that is to be elsewhere: everything goes, and once nothing is seen alive, so does the place it had. */
  #leave(): void {
    for (const machine of this.alive) {
      if (!machine.leaving) this.#put({ ...this.#current(machine), leaving: true });
      this.#end(machine);
    }
    this.#move = this.alive.length === 0 && mayTry(this.cluster, this.now);
  }

  /** A cluster that is to end: everything goes, and once nothing is seen alive, the place it had. */
  wind(): void {
    const { state } = this.cluster;
    if (state.phase !== 'stopping') return;
    for (const machine of this.alive) this.#end(machine);
    if (this.alive.length > 0) return;
    // What a launch without an answer made is still to be listed; it must not be made anew.
    if (this.cluster.launches.length > 0 && Math.abs(this.now - state.since) < TIMING.listedMs) return;
    if (!mayTry(this.cluster, this.now)) return;
    const { why, failed } = state;
    const text = `no machine is left; it cost ${dollars(this.known.spentMicros)}`;
    this.#over = {
      cluster: {
        ...this.cluster,
        launches: [],
        state: move(state, { phase: failed ? 'failed' : 'ended', at: this.now, why }),
      },
      events: [{ clusterId: this.cluster.id, at: this.now, level: 'info', text }],
    };
  }

  /** Clients come, and their time is over. */
  #letIn(): void {
    const wanted = rangesOf(this.cluster, this.now);
    const { admitted } = this.cluster;
    if (wanted.join() !== admitted.join()) this.#admit = wanted;
  }

  /** Follows Dask's own wish within the bounds: up at once, down once it has lasted. */
  #adapt(): void {
    const { cluster, status } = this;
    const { min, max } = cluster.spec.workers;
    if (!isAdaptive(cluster.spec) || !status || cluster.state.phase !== 'ready') return;
    const wish = Math.min(max, Math.max(min, status.adaptiveTarget));
    if (wish > cluster.target) {
      this.#update({ target: wish, surplusSince: null });
      this.#tell('info', `scaling to ${wish} workers: Dask has work for ${status.adaptiveTarget}`);
    } else if (wish === cluster.target) {
      if (cluster.surplusSince !== null) this.#update({ surplusSince: null });
    } else if (cluster.surplusSince === null) {
      this.#update({ surplusSince: this.now });
    } else if (Math.abs(this.now - cluster.surplusSince) >= TIMING.surplusMs) {
      this.#update({ target: wish, surplusSince: null });
      this.#tell('info', `scaling to ${wish} workers: Dask has work for ${status.adaptiveTarget}`);
    }
  }

  #becomeReady(): void {
    const { cluster, now, status } = this;
    if (cluster.state.phase !== 'starting' || !status) return;
    const joined = this.joined.length;
    const late = now - cluster.state.since >= TIMING.startMs && this.watched;
    if (joined < quorumOf(cluster.spec, cluster.target) && !(late && joined > 0)) return;
    this.#update({ state: move(cluster.state, { phase: 'ready', since: now }) });
    const seconds = describeSeconds((now - cluster.createdAt) / 1000);
    const level = late ? 'warning' : 'info';
    this.#tell(level, `ready with ${joined} of ${cluster.target} workers after ${seconds}`);
  }

  /** Workers that never joined in time, and those that Dask has given up, make room for others. */
  #replaceSilent(): void {
    const limitMs = this.#joinLimitMs();
    for (const machine of this.alive.filter(({ role }) => role === 'worker')) {
      const late = machine.joinedAt === null && this.now - machine.launchedAt >= limitMs && this.watched;
      const lost =
        machine.absentAt !== null &&
        Math.abs(this.now - machine.absentAt) >= TIMING.absentMs &&
        !this.#isTaken(machine);
      if (!late && !lost) continue;
      if (machine.terminateAskedAt === null && !machine.leaving) {
        if (late) this.#givenUp.add(machine);
        const what = late ? `did not join within ${describeSeconds(limitMs / 1000)}` : 'lost its scheduler';
        this.#tell('warning', `worker ${machine.id} ${what}: replacing it`);
      }
      this.#end(machine);
    }
  }

  /** Whether its cloud takes it back about now, which may cost less than to end it. While the scheduler is silent, it may be so. */
  #isTaken({ id }: MachineRecord): boolean {
    if (!this.status) return true;
    const takenAt = this.status.taken[id];
    return takenAt !== undefined && Math.abs(this.now - takenAt) < TIMING.takenMs;
  }

  /** How long a machine may take to join is learnt from those that did: all have the same environment to make. */
  #joinLimitMs(): number {
    const took = this.known.machines.flatMap(({ joinedAt, launchedAt }) =>
      joinedAt === null ? [] : joinedAt - launchedAt,
    );
    return took.length === 0 ? TIMING.startMs : Math.min(TIMING.startMs, Math.max(...took) + TIMING.joinMs);
  }

  /** What was told to end and is still there is told again: the first time may never have reached the cloud. */
  #endAgain(): void {
    for (const machine of this.alive) if (machine.terminateAskedAt !== null) this.#end(machine);
  }

  /** What is missing, but no scheduler where no worker can be, nor workers without one: they would cost, and be of no use. */
  #launchAll(): void {
    const { cluster, now } = this;
    const { offers: offered, unavailable } = this.known;
    if (!offered || !mayTry(cluster, now)) return;
    const have = {
      scheduler: this.alive.filter(({ role }) => role === 'scheduler').length,
      worker: this.present.length,
    };
    const wanted = { scheduler: 1, worker: cluster.target };
    const missing = (['scheduler', 'worker'] as const)
      .filter((role) => wanted[role] > have[role] && !cluster.launches.some((launch) => launch.role === role))
      .map((role) => ({
        role,
        count: Math.min(wanted[role] - have[role], LAUNCH_MOST),
        offers: available(cluster.spec, cluster, role, offered, unavailable),
      }));
    const without = missing.find(({ offers }) => offers.length === 0);
    const isAlone = without !== undefined && have[without.role] === 0;
    const possible = isAlone ? [] : missing.filter(({ offers }) => offers.length > 0);
    for (const { role, count, offers } of possible) this.#launch(role, count, offers);
    // What is possible is not to wait for what is not.
    if (!without || possible.length > 0) return;
    const { role, count } = without;
    if (isAlone && this.#moveOn(offered, count, role)) return;
    this.#update({ retryAt: now + TIMING.noCapacityMs });
    this.#tell(
      'warning',
      `no offer has room for ${count} more ${role}${count > 1 ? 's' : ''}; trying again in ${describeSeconds(TIMING.noCapacityMs / 1000)}`,
    );
  }

  #launch(role: Role, count: number, offers: readonly Offer[]): void {
    const { cluster } = this;
    const market = offers[0]?.market;
    if (!market) return;
    if (role === 'worker' && market === 'on-demand' && cluster.spec.market === 'spot') {
      this.#tell('warning', `no spot capacity: ${count} worker${count > 1 ? 's' : ''} on demand instead`);
    }
    const attempt = cluster.attempt + 1;
    const token = launchToken({ clusterId: cluster.id, attempt, role, market, count, offers });
    const launch: Launch = { token, role, market, count, offers, expiresAt: cluster.expiresAt };
    this.#update({ attempt, launches: [...cluster.launches, launch] });
  }

  /** A cluster that got nothing where it is goes whole to the next best place with room. Returns whether there is one. */
  #moveOn(offers: readonly Offer[], count: number, role: Role): boolean {
    const { cluster, known } = this;
    // A launch whose answer is to come may have made machines here.
    if (cluster.state.phase !== 'starting' || this.joined.length > 0 || cluster.launches.length > 0) return false;
    const elsewhere = ({ region, zone }: Place) => region !== cluster.region || zone !== cluster.zone;
    const ours = offers.filter((offer) => offer.provider === cluster.provider);
    const next = plan(cluster.spec, ours, known.unavailable).sites.find(elsewhere);
    if (!next) return false;
    const { region, zone } = next;
    this.#update({ moveTo: { region, zone } });
    this.#tell(
      'warning',
      `no room for ${count} ${role}${count > 1 ? 's' : ''} in ${cluster.region}: moving to ${region === cluster.region ? zone : region}`,
    );
    return true;
  }

  /** Too many: first those that have not joined, then those with the least to lose. */
  #letGo(surplus: number): void {
    if (surplus <= 0) return;
    const members = new Map(this.status?.workers.map((worker) => [worker.name, worker]));
    const burden = (machine: MachineRecord) => {
      const member = members.get(machine.id);
      return member ? [1, member.processing, member.bytes] : [0, 0, 0];
    };
    const going = this.workers
      .toSorted((a, b) => compare(burden(a), burden(b)) || b.launchedAt - a.launchedAt)
      .slice(0, surplus);
    for (const machine of going) {
      if (machine.joinedAt === null) this.#end(machine);
      else this.#put({ ...this.#current(machine), leaving: true });
    }
  }

  /** A worker goes only once its results are elsewhere; it ends itself then. One that is being emptied is left alone. */
  #emptyLeaving(): void {
    const members = new Map(this.status?.workers.map((worker) => [worker.name, worker]));
    for (const machine of this.alive) {
      const { leaving, terminateAskedAt } = this.#current(machine);
      if (!leaving || terminateAskedAt !== null) continue;
      if (members.get(machine.id)?.leaving === false) this.#retire.add(machine.id);
    }
  }

  #end(machine: MachineRecord): void {
    const current = this.#current(machine);
    if (current.terminateAskedAt !== null && Math.abs(this.now - current.terminateAskedAt) < TIMING.terminateAgainMs)
      return;
    this.#put({ ...current, terminateAskedAt: this.now });
    this.#terminate.add(machine.id);
  }

  #current(machine: MachineRecord): MachineRecord {
    return this.#machines.get(machine.id) ?? machine;
  }

  #put(machine: MachineRecord): void {
    this.#machines.set(machine.id, machine);
  }

  #update(change: Partial<Cluster>): void {
    this.cluster = { ...this.cluster, ...change };
  }

  #tell(level: ClusterEvent['level'], text: string): void {
    this.#events.push({ clusterId: this.cluster.id, at: this.now, level, text });
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
