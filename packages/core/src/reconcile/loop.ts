import { entryOf, spentMicros } from '../account/account.ts';
import { messageOf } from '../message.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import { type Observation, observe, recordOf } from '../observe/observe.ts';
import type { SchedulerControl, SchedulerStatus } from '../observe/scheduler.ts';
import { Spells } from '../observe/spells.ts';
import type { Offer } from '../plan/offer.ts';
import { Backoff } from '../provision/backoff.ts';
import type { Boot, ClusterIdentity, Machine, Provider, Role, Shortage } from '../provision/provider.ts';
import { ProviderError } from '../provision/provider.ts';
import { Shortages } from '../provision/shortages.ts';
import { NOT_LET_IN } from '../state/clients.ts';
import { type Cluster, identityOf, type Launch, mayTry, stopping } from '../state/cluster.ts';
import type { ClusterEvent, Store, Write } from '../state/store.ts';
import { type Sleep, within } from '../within.ts';
import { isLive } from './lifecycle.ts';
import { lastWords, NOT_GIVEN_UP, obituaries } from './news.ts';
import { type Decision, reconcile } from './reconcile.ts';
import { Sweep } from './sweep.ts';
import { TIMING } from './timing.ts';
import { Told } from './told.ts';

/** A lease outlives several passes, and is short enough that another replica takes over soon after a crash; milliseconds. */
const LEASE_MS = 15_000;
const SWEEP_EVERY_MS = 60_000;

export interface LoopOptions {
  readonly store: Store;
  readonly providers: readonly Provider[];
  readonly control: SchedulerControl;
  /** This process's name among the store's replicas. */
  readonly holder: string;
  readonly now: () => number;
  readonly sleep: Sleep;
  /** Called whenever something was stored, for those who show it. */
  readonly changed: () => void;
  /** Called when there is news that the next pass should come at once for. */
  readonly wake: () => void;
  /** For faults of the program or its surroundings that no cluster is to blame for; never given a secret. */
  readonly log: (line: string) => void;
}

/**
 * Carries out what {@link reconcile} decides, for every cluster this process holds the lease of. One pass reads desired
 * and observed state, stores the decision, then acts on it: whatever a crash cuts off, the next pass does.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #shortages = new Shortages();
  /** Without an answer from the scheduler, without a client, and looked after. */
  readonly #silences = new Spells();
  readonly #absences = new Spells();
  readonly #watches = new Spells();
  readonly #backoff = new Backoff(TIMING.backoffMs, TIMING.noCapacityMs);
  /** Clusters, by id, that a scheduler or a worker is expected in: the scheduler tells when it has come. */
  readonly #expecting = new Set<string>();
  readonly #told = new Told();
  /** Clusters, by id, that clients could not be let in to: whom, and when to try again. */
  readonly #refused = new Map<string, { readonly ranges: string; readonly until: number }>();
  /** When this server last saw to its own way to a cluster, by id. */
  readonly #soughtAt = new Map<string, number>();
  /** Questions for offers that are under way. */
  readonly #asked = new Map<string, Promise<readonly Offer[] | null>>();
  readonly #sweep: Sweep;
  /** What an earlier pass began and is not over: clusters by id, and clouds that have yet to list their machines by name. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** How many of those have come to an end so far. */
  #done = 0;
  #sweptAt = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { store, now, log } = options;
    this.#sweep = new Sweep({ store, now, log, commit: (...write) => this.#commit(...write) });
  }

  /** One pass over all clusters, but for those that an earlier one is still at. Returns in how many milliseconds the next should come. */
  async pass(): Promise<number> {
    const { store, providers, holder, now, sleep } = this.#options;
    // What an earlier pass is still at changes while this one reads, and would be asked for twice.
    const busy = new Set(this.#underWay.keys());
    const leased = await store.lease(holder, now(), now() + LEASE_MS, providers);
    const clusters = leased.filter(({ id }) => !busy.has(id));
    // A clock may also jump back.
    const sweeping = Math.abs(now() - this.#sweptAt) >= SWEEP_EVERY_MS;
    if (clusters.length === 0 && !sweeping) return TIMING.calmMs;
    if (sweeping) this.#sweptAt = now();
    const visits = providers.map((provider) => {
      const mine = clusters.filter((cluster) => cluster.provider === provider.name);
      return mine.length > 0 || sweeping ? this.#visit(provider, mine, sweeping) : TIMING.calmMs;
    });
    let restMs: number | null = null;
    const done = Promise.all(visits).then((rests) => {
      restMs = Math.min(...rests);
    });
    // Ten thousand clusters may take their time, as long as they come to an end one after the other.
    for (let before = -1; restMs === null && before !== this.#done; ) {
      before = this.#done;
      await within(sleep, TIMING.patienceMs, done);
    }
    return restMs ?? TIMING.bootMs;
  }

  /** Resolves when nothing that a pass began goes on any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** The clusters of one cloud, which lists the machines of all of them once. Returns in how many milliseconds they should have their next pass. */
  async #visit(provider: Provider, clusters: readonly Cluster[], sweeping: boolean): Promise<number> {
    const { store, log } = this.#options;
    let refusal: string | null = null;
    const list = async () => {
      try {
        const machines = await provider.machines(store.installation);
        this.#told.over(provider.name);
        return machines;
      } catch (error) {
        const text = `its machines could not be listed: ${messageOf(error)}`;
        if (error instanceof ProviderError) refusal = text;
        if (this.#told.isNews(provider.name, text)) log(`${provider.name}: ${text}`);
        return null;
      }
    };
    const seen = await this.#once(provider.name, list);
    if (seen === undefined) return TIMING.calmMs;
    const free = clusters.filter(({ id }) => !this.#underWay.has(id));
    await Promise.all(free.map(({ id }) => this.#tellRefusal(id, refusal)));
    const records = Map.groupBy(await store.machines(free.map(({ id }) => id)), ({ clusterId }) => clusterId);
    const shown = seen && Map.groupBy(seen, ({ tags }) => tags.clusterId);
    const passes = free.map(async (cluster) => {
      const { id, spec } = cluster;
      const pass = () =>
        this.#one(provider, cluster, records.get(id) ?? [], shown && (shown.get(id) ?? [])).catch((error: unknown) => {
          log(`${spec.name}: this pass failed and comes again: ${messageOf(error)}`);
          return TIMING.calmMs;
        });
      return (await this.#once(id, pass)) ?? TIMING.calmMs;
    });
    if (sweeping) await this.#sweep.run(provider, seen ?? []);
    return Math.min(TIMING.calmMs, ...(await Promise.all(passes)));
  }

  /** A cluster whose machines nobody may see goes on, and can neither be replaced nor seen to end: that is told once. */
  async #tellRefusal(clusterId: string, refusal: string | null): Promise<void> {
    const what = `list of ${clusterId}`;
    if (refusal === null) {
      this.#told.over(what);
    } else if (this.#told.isNews(what, refusal)) {
      const { holder, now: clock } = this.#options;
      const now = clock();
      const events = [{ clusterId, at: now, level: 'warning' as const, text: refusal }];
      await this.#commit(clusterId, () => ({ events }), { holder, now });
    }
  }

  /** Does this now, unless it is still under way: undefined then. */
  async #once<T>(key: string, task: () => Promise<T>): Promise<T | undefined> {
    if (this.#underWay.has(key)) return undefined;
    const running = task();
    this.#underWay.set(key, running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(key);
      this.#done += 1;
    }
  }

  /** One cluster's pass. Returns in how many milliseconds it should have its next. */
  async #one(
    provider: Provider,
    cluster: Cluster,
    records: readonly MachineRecord[],
    seen: readonly Machine[] | null,
  ): Promise<number> {
    const { holder, control, now: clock } = this.#options;
    const sources = { control, provider };
    const [status, offers] = await Promise.all([
      this.#status(provider, cluster, records),
      this.#offers(provider, cluster),
    ]);
    const now = clock();
    this.#watches.goesOn(cluster.id, now);
    const [observation, ends] = await obituaries(sources, cluster, observe(records, seen, status, now), now);

    const decide = (current: Cluster): Decision => {
      return reconcile({
        cluster: withFailures(current, observation),
        machines: observation.machines,
        status,
        silentMs: this.#silences.of(current.id, now),
        awayMs: this.#absences.of(current.id, now),
        watchedMs: this.#watches.of(current.id, now),
        offers,
        unavailable: this.#shortages.at(now),
        spentMicros: spentMicros(current, observation.machines, now),
        now,
      });
    };
    let decision = decide(cluster);
    const words = await lastWords(sources, cluster, observation.machines, decision.givenUp, now);
    const changed = new Map(observation.changed.map((machine) => [machine.id, machine]));
    const quiet = changed.size === 0 && isQuiet(decision, cluster);
    if (!quiet) {
      const written = await this.#commit(
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
    if (decision.prepare) return (await this.#prepare(provider, decision.cluster)) ? 0 : TIMING.busyMs;
    if (decision.move) return (await this.#move(provider, decision.cluster)) ? 0 : TIMING.busyMs;
    const acted = await this.#act(provider, decision, observation.machines, now);
    const workers = status?.workers.length ?? null;
    if (workers === null ? isComing(observation.machines) : workers < decision.cluster.target)
      this.#expect(cluster, workers);
    const told = this.#expecting.has(cluster.id);
    if (decision.cluster.launches.length > 0 || decision.retire.length > 0 || told) return TIMING.bootMs;
    return acted || !quiet || decision.cluster.state.phase !== 'ready' ? TIMING.busyMs : TIMING.calmMs;
  }

  /** What is offered where the cluster is and, until it has come to be, might go; null when that cannot be had, which must not keep anything from its end. */
  #offers(provider: Provider, { region, spec, state }: Cluster): Promise<readonly Offer[] | null> {
    const regions = state.phase === 'starting' ? spec.regions : [region];
    // Asked for once for all clusters of the same regions.
    const key = `${provider.name}: ${regions.join('+')}`;
    const underWay = this.#asked.get(key);
    if (underWay) return underWay;
    const asked = provider
      .offers(regions)
      .then((offers) => {
        this.#told.over(key);
        return offers;
      })
      .catch((error: unknown) => {
        const text = `${key}: to be tried again: no offers: ${messageOf(error)}`;
        if (this.#told.isNews(key, text)) this.#options.log(text);
        return null;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  /** What the scheduler says; null while there is none to ask, or it does not answer. */
  async #status(
    provider: Provider,
    cluster: Cluster,
    records: readonly MachineRecord[],
  ): Promise<SchedulerStatus | null> {
    const { endpoint, credentials, expiresAt, state } = cluster;
    const up = records.some((machine) => machine.role === 'scheduler' && isAlive(machine));
    if (!endpoint || !credentials || !up || state.phase === 'stopping') {
      this.#silences.over(cluster.id);
      this.#absences.over(cluster.id);
      return null;
    }
    try {
      const status = await this.#options.control.status(endpoint, credentials, expiresAt);
      this.#silences.over(cluster.id);
      if (status.clients > 0) this.#absences.over(cluster.id);
      else this.#absences.goesOn(cluster.id, this.#options.now());
      return status;
    } catch {
      this.#silences.goesOn(cluster.id, this.#options.now());
      this.#seekWay(provider, cluster);
      return null;
    }
  }

  /** Where a scheduler does not answer, this server may have moved, or not be the one that was let in. */
  #seekWay(provider: Provider, cluster: Cluster): void {
    const { now, log } = this.#options;
    const sought = this.#soughtAt.get(cluster.id);
    if (!provider.admitServer || (sought !== undefined && Math.abs(now() - sought) < TIMING.seekWayMs)) return;
    this.#soughtAt.set(cluster.id, now());
    const name = cluster.spec.name;
    provider
      .admitServer(this.#identity(cluster))
      .catch((error: unknown) => log(`${name}: this server may not be let in to it: ${messageOf(error)}`));
  }

  /** The next pass comes as soon as the scheduler has come up, or has another number of workers. */
  #expect({ id, endpoint, credentials }: Cluster, workers: number | null): void {
    if (!endpoint || !credentials || this.#expecting.has(id)) return;
    this.#expecting.add(id);
    const change = this.#options.control.change(endpoint, credentials, workers);
    change
      .finally(() => this.#expecting.delete(id))
      // One that does not answer is noticed by its silence.
      .then(this.#options.wake, () => {});
  }

  /** Carries a stored decision out. Returns whether it did anything. */
  async #act(provider: Provider, decision: Decision, known: readonly MachineRecord[], now: number): Promise<boolean> {
    const { control, log } = this.#options;
    const { cluster } = decision;
    const { endpoint, credentials } = cluster;
    const name = cluster.spec.name;
    const launches = mayTry(cluster, now) && cluster.state.phase !== 'stopping' ? cluster.launches : [];
    const tasks: Promise<unknown>[] = launches.map((launch) => this.#launch(provider, cluster, launch, known));
    if (decision.terminate.length > 0) tasks.push(provider.terminate(decision.terminate));
    if (decision.retire.length > 0 && endpoint && credentials) {
      tasks.push(control.retire(endpoint, credentials, decision.retire));
    }
    if (decision.admit) tasks.push(...this.#admit(provider, cluster, decision.admit, now));
    if (decision.over) tasks.push(this.#release(provider, cluster, decision.over));
    for (const result of await Promise.allSettled(tasks)) {
      if (result.status === 'rejected') log(`${name}: to be tried again: ${messageOf(result.reason)}`);
    }
    return tasks.length > 0;
  }

  /** Lets clients in from these ranges alone, unless that has just failed: nothing but they waits for it. */
  #admit(provider: Provider, cluster: Cluster, ranges: readonly string[], now: number): readonly Promise<unknown>[] {
    const { id, moves } = cluster;
    const { holder, now: clock } = this.#options;
    const refused = this.#refused.get(id);
    if (!provider.admitClients) return [];
    if (refused && refused.ranges === ranges.join() && now < refused.until) return [];
    const done = provider.admitClients(this.#identity(cluster), ranges, cluster.spec.tags).then(
      () => {
        this.#refused.delete(id);
        this.#told.over(`${id} clients`);
        const letIn = (current: Cluster): Write =>
          current.moves === moves ? { cluster: { ...current, admitted: ranges } } : {};
        return this.#commit(id, letIn, { holder, now: clock() });
      },
      async (error: unknown) => {
        const text = `${NOT_LET_IN}: ${messageOf(error)}`;
        this.#refused.set(id, { ranges: ranges.join(), until: clock() + TIMING.noCapacityMs });
        const events = this.#news(id, 'clients', text);
        if (events.length > 0) await this.#commit(id, () => ({ events }), { holder, now: clock() });
      },
    );
    return [done];
  }

  /** Makes the cluster's place. Returns whether it is there now. */
  async #prepare(provider: Provider, cluster: Cluster): Promise<boolean> {
    const identity = this.#identity(cluster);
    this.#sweep.suspect(provider, identity);
    try {
      const endpoint = await provider.prepare(identity, cluster.zone, cluster.moves, cluster.spec.tags);
      this.#backoff.worked(cluster.id);
      const after = await this.#commit(cluster.id, (current) =>
        isLive(current.state) ? { cluster: { ...current, endpoint } } : {},
      );
      if (after && isLive(after.state)) this.#sweep.owned(cluster.id);
      return true;
    } catch (error) {
      await this.#setback(cluster, `its place could not be prepared: ${messageOf(error)}`, error);
      return false;
    }
  }

  /** Gives up the place that had no room, and goes to the next. Returns whether it is there now. */
  async #move(provider: Provider, cluster: Cluster): Promise<boolean> {
    const { holder, now } = this.#options;
    try {
      await provider.release(this.#identity(cluster));
      this.#backoff.worked(cluster.id);
      const after = await this.#commit(
        cluster.id,
        (current) => {
          const { moveTo } = current;
          return moveTo && isLive(current.state)
            ? {
                cluster: {
                  ...current,
                  ...moveTo,
                  moveTo: null,
                  moves: current.moves + 1,
                  endpoint: null,
                  admitted: [],
                  retryAt: 0,
                },
              }
            : {};
        },
        { holder, now: now() },
      );
      return after?.moveTo === null;
    } catch (error) {
      await this.#setback(cluster, `${NOT_GIVEN_UP}: ${messageOf(error)}`, error);
      return false;
    }
  }

  /** Asks for a launch and records those of its machines that are not `known` yet. */
  async #launch(provider: Provider, cluster: Cluster, launch: Launch, known: readonly MachineRecord[]): Promise<void> {
    const { endpoint, credentials } = cluster;
    if (!endpoint || !credentials) return;
    const { holder, now: clock } = this.#options;
    const identity = this.#identity(cluster);
    const { token, role, count, market, offers, expiresAt } = launch;
    const boot: Boot = {
      role,
      clusterName: cluster.spec.name,
      scheduler: endpoint,
      ca: credentials.ca.cert,
      identity: credentials[role],
      environment: cluster.spec.environment,
      expiresAt,
      joinSeconds: joinSecondsOf(role),
      idleSeconds: cluster.spec.idleSeconds,
    };
    try {
      const tags = { ...identity, role, expiresAt, token };
      const { diskGiB, tags: userTags, machineImage } = cluster.spec;
      const batch = { token, tags, count, market, offers, diskGiB, userTags, machineImage, boot };
      const { machines, shortages } = await provider.launch(batch);
      const now = clock();
      this.#backoff.worked(cluster.id);
      this.#told.over(`${cluster.id} setback`);
      this.#shortages.note(shortages, now);
      // A repeated call shows machines that a list has shown before, and more is known of those by now.
      const news = machines.filter(({ id }) => !known.some((machine) => machine.id === id));
      // Under the lease: another holder may have counted machines before these were recorded, and must then ask itself.
      await this.#commit(
        cluster.id,
        (current) => ({
          cluster: {
            ...current,
            launches: current.launches.filter((other) => other.token !== token),
            retryAt: Math.max(current.retryAt, ...shortages.map((s) => (s.kind === 'throttled' ? now + s.retryMs : 0))),
          },
          machines: news.map((machine) => recordOf(machine, now)),
          events: whyFewer(shortages).map((why) => ({
            clusterId: cluster.id,
            at: now,
            level: 'warning' as const,
            text: `${machines.length} of ${count} ${role}s launched: ${why}`,
          })),
        }),
        { holder, now },
      );
    } catch (error) {
      await this.#setback(cluster, `a launch failed: ${messageOf(error)}`, error, launch);
    }
  }

  /** Only when its place is gone is a cluster over: nobody looks at it after that. */
  async #release(provider: Provider, cluster: Cluster, over: Write): Promise<void> {
    const { holder, now } = this.#options;
    try {
      await provider.release(this.#identity(cluster));
      this.#backoff.worked(cluster.id);
      await this.#commit(cluster.id, () => over, { holder, now: now() });
      this.#watches.over(cluster.id);
      this.#refused.delete(cluster.id);
      this.#soughtAt.delete(cluster.id);
      this.#told.over(`${cluster.id} setback`);
    } catch (error) {
      await this.#setback(cluster, `${NOT_GIVEN_UP}: ${messageOf(error)}`, error);
    }
  }

  /** What will not pass by itself ends a cluster that is still starting; everything else is tried again a little later. */
  async #setback(cluster: Cluster, text: string, error: unknown, launch?: Launch): Promise<void> {
    const { holder, log, now: clock } = this.#options;
    const now = clock();
    const final = error instanceof ProviderError;
    if (!final) log(`${cluster.spec.name}: ${text}; to be tried again`);
    const retryAt = now + (final ? TIMING.noCapacityMs : this.#backoff.failed(cluster.id));
    const events = final && cluster.state.phase !== 'starting' ? this.#news(cluster.id, 'setback', text) : [];
    const decide = (current: Cluster): Write => {
      // One that cannot be made is decided anew; one whose answer was lost stays as it is, to be asked for again.
      const launches = final ? current.launches.filter(({ token }) => token !== launch?.token) : current.launches;
      if (final && current.state.phase === 'starting') {
        return {
          cluster: stopping({ ...current, launches }, now, text, true),
          events: [{ clusterId: cluster.id, at: now, level: 'error', text: `failed: ${text}` }],
        };
      }
      return { cluster: { ...current, launches, retryAt }, events };
    };
    await this.#commit(cluster.id, decide, { holder, now });
  }

  /** What a person must hear of a cluster that goes on: once, however often it is tried again. */
  #news(clusterId: string, about: 'clients' | 'setback', text: string): readonly ClusterEvent[] {
    const isNews = this.#told.isNews(`${clusterId} ${about}`, text);
    return isNews ? [{ clusterId, at: this.#options.now(), level: 'warning', text }] : [];
  }

  async #commit(...write: Parameters<Store['commit']>): Promise<Cluster | undefined> {
    const { store, changed } = this.#options;
    const written = await store.commit(...write);
    if (written) changed();
    return written;
  }

  #identity(cluster: Cluster): ClusterIdentity {
    return identityOf(cluster, this.#options.store.installation);
  }
}

/** Why a launch gave too few, a line a kind: sixty pools may have been empty, and one says it for all. */
function whyFewer(shortages: readonly Shortage[]): readonly string[] {
  return ['quota', 'capacity', 'throttled'].flatMap((kind) => {
    const [first, ...others] = shortages.filter((shortage) => shortage.kind === kind);
    if (!first) return [];
    return [`${first.message}${others.length > 0 ? `, nor in ${others.length} more pools` : ''}`];
  });
}

/** Whether a scheduler boots. */
function isComing(machines: readonly MachineRecord[]): boolean {
  return machines.some((machine) => machine.role === 'scheduler' && isAlive(machine) && machine.joinedAt === null);
}

/** A scheduler waits as long as there may be no room for workers, and a little longer: the server tells it better. */
function joinSecondsOf(role: Role): number {
  return (role === 'scheduler' ? TIMING.startMs + 60_000 : TIMING.joinMs) / 1000;
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
