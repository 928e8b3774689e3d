import { entryOf, spentMicros } from '../account/account.ts';
import { messageOf } from '../message.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import { type Observation, observe } from '../observe/observe.ts';
import { Spells } from '../observe/spells.ts';
import type { Machine, Provider } from '../provision/provider.ts';
import { type Decision, reconcile } from '../reconcile/reconcile.ts';
import { TIMING } from '../reconcile/timing.ts';
import { type Cluster, mayTry } from '../state/cluster.ts';
import type { Write } from '../state/store.ts';
import { Admissions } from './admissions.ts';
import type { LoopContext } from './context.ts';
import { Launches } from './launches.ts';
import { lastWords, obituaries } from './news.ts';
import { Offered } from './offered.ts';
import { Places } from './places.ts';
import { Schedulers } from './schedulers.ts';
import { Setbacks } from './setbacks.ts';
import type { Sweep } from './sweep.ts';

/** One cluster's pass: what is observed of it becomes a decision, which is stored and then carried out. */
export class ClusterPass {
  readonly #context: LoopContext;
  readonly #schedulers: Schedulers;
  readonly #offered: Offered;
  readonly #launches: Launches;
  readonly #places: Places;
  readonly #admissions: Admissions;
  /** Looked after by this process. */
  readonly #watches = new Spells();

  constructor(context: LoopContext, sweep: Sweep) {
    const setbacks = new Setbacks(context);
    this.#context = context;
    this.#schedulers = new Schedulers(context);
    this.#offered = new Offered(context.log);
    this.#launches = new Launches(context, setbacks);
    this.#places = new Places(context, setbacks, sweep);
    this.#admissions = new Admissions(context);
  }

  /**
   * @param records what is remembered of its machines.
   * @param seen those that the cloud lists; null when it does not.
   * @returns in how many milliseconds it should have its next.
   */
  async run(
    provider: Provider,
    cluster: Cluster,
    records: readonly MachineRecord[],
    seen: readonly Machine[] | null,
  ): Promise<number> {
    const { holder, control, commit, now: clock } = this.#context;
    const sources = { control, provider };
    const [status, offers] = await Promise.all([
      this.#schedulers.status(provider, cluster, records),
      this.#offered.to(cluster, provider),
    ]);
    const now = clock();
    this.#watches.goesOn(cluster.id, now);
    const [observation, ends] = await obituaries(sources, cluster, observe(records, seen, status, now), now);

    const decide = (current: Cluster): Decision => {
      return reconcile({
        cluster: withFailures(current, observation),
        machines: observation.machines,
        status,
        silentMs: this.#schedulers.silentMs(current.id, now),
        awayMs: this.#schedulers.awayMs(current.id, now),
        watchedMs: this.#watches.of(current.id, now),
        offers,
        unavailable: this.#launches.unavailable(now),
        spentMicros: spentMicros(current, observation.machines, now),
        now,
      });
    };
    let decision = decide(cluster);
    const words = await lastWords(sources, cluster, observation.machines, decision.givenUp, now);
    const changed = new Map(observation.changed.map((machine) => [machine.id, machine]));
    const quiet = changed.size === 0 && isQuiet(decision, cluster);
    if (!quiet) {
      const written = await commit(
        cluster.id,
        (current) => {
          decision = decide(current);
          const machines = new Map([...changed, ...decision.machines.map((machine) => [machine.id, machine] as const)]);
          const ledger = observation.ended.flatMap((machine) => entryOf(current, machine, now) ?? []);
          const events = [...ends, ...decision.events, ...words];
          return { cluster: decision.cluster, machines: [...machines.values()], ledger, events };
        },
        { holder, now },
      );
      if (!written) return TIMING.busyMs;
    }
    // With a place to go to, machines can be launched at once.
    if (decision.prepare) return (await this.#places.prepare(provider, decision.cluster)) ? 0 : TIMING.busyMs;
    if (decision.move) return (await this.#places.move(provider, decision.cluster)) ? 0 : TIMING.busyMs;
    const acted = await this.#act(provider, decision, observation.machines, now);
    const workers = status?.workers.length ?? null;
    if (workers === null ? isComing(observation.machines) : workers < decision.cluster.target)
      this.#schedulers.expect(cluster, workers);
    const told = this.#schedulers.isExpecting(cluster.id);
    if (decision.cluster.launches.length > 0 || decision.retire.length > 0 || told) return TIMING.bootMs;
    return acted || !quiet || decision.cluster.state.phase !== 'ready' ? TIMING.busyMs : TIMING.calmMs;
  }

  /** Carries a stored decision out. Returns whether it did anything. */
  async #act(provider: Provider, decision: Decision, known: readonly MachineRecord[], now: number): Promise<boolean> {
    const { control, log } = this.#context;
    const { cluster } = decision;
    const { endpoint, credentials } = cluster;
    const name = cluster.spec.name;
    const launches = mayTry(cluster, now) && cluster.state.phase !== 'stopping' ? cluster.launches : [];
    const tasks: Promise<unknown>[] = launches.map((one) => this.#launches.launch(provider, cluster, one, known));
    if (decision.terminate.length > 0) tasks.push(provider.terminate(decision.terminate));
    if (decision.retire.length > 0 && endpoint && credentials) {
      tasks.push(control.retire(endpoint, credentials, decision.retire));
    }
    if (decision.admit) tasks.push(...this.#admissions.admit(provider, cluster, decision.admit, now));
    if (decision.over) tasks.push(this.#end(provider, cluster, decision.over));
    for (const result of await Promise.allSettled(tasks)) {
      if (result.status === 'rejected') log(`${name}: to be tried again: ${messageOf(result.reason)}`);
    }
    return tasks.length > 0;
  }

  /** Ends a cluster, and with it what is remembered of it. */
  async #end(provider: Provider, cluster: Cluster, over: Write): Promise<void> {
    if (!(await this.#places.release(provider, cluster, over))) return;
    this.#watches.over(cluster.id);
    this.#schedulers.forget(cluster.id);
    this.#admissions.forget(cluster.id);
  }
}

/** Whether a scheduler boots. */
function isComing(machines: readonly MachineRecord[]): boolean {
  return machines.some((machine) => machine.role === 'scheduler' && isAlive(machine) && machine.joinedAt === null);
}

/** Machines in a row that ended without joining put the next launch off, longer each time; one that joins clears it. */
function withFailures(cluster: Cluster, observation: Observation): Cluster {
  const joined = observation.changed.some((machine) => machine.joinedAt !== null && isAlive(machine));
  const stillborn = observation.ended.filter(
    (m) => m.joinedAt === null && m.terminateAskedAt === null && m.role === 'worker',
  );
  if (stillborn.length === 0) return joined && cluster.failures > 0 ? { ...cluster, failures: 0 } : cluster;
  const failures = (joined ? 0 : cluster.failures) + stillborn.length;
  const ended = Math.max(...stillborn.map((machine) => machine.endedAt ?? 0));
  const backoff = Math.min(TIMING.backoffMaxMs, TIMING.backoffMs * 2 ** Math.min(failures, 10));
  return { ...cluster, failures, retryAt: Math.max(cluster.retryAt, ended + backoff) };
}

function isQuiet(decision: Decision, before: Cluster): boolean {
  const { cluster, machines, events } = decision;
  return (
    machines.length === 0 &&
    events.length === 0 &&
    (Object.keys(cluster) as (keyof Cluster)[]).every((key) => cluster[key] === before[key])
  );
}
