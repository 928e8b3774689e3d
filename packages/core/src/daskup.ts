import { setTimeout as delay } from 'node:timers/promises';
import { entryOf } from './account/account.ts';
import { costRows, periodOf } from './account/cost.ts';
import type { Answer, Result } from './answer.ts';
import type { Command, CostGroup, CostPeriod, Request } from './command/command.ts';
import { nearest } from './command/nearest.ts';
import { isAlive } from './observe/machine.ts';
import type { SchedulerControl } from './observe/scheduler.ts';
import { type ClusterView, machineViewOf, viewOf } from './observe/view.ts';
import { type Plan, plan } from './plan/plan.ts';
import type { Credentials, Provider, SchedulerEndpoint } from './provision/provider.ts';
import { isLive, move } from './reconcile/lifecycle.ts';
import { Loop } from './reconcile/loop.ts';
import { specOf } from './spec/from-request.ts';
import { LIMITS } from './spec/limits.ts';
import { makeName } from './spec/name.ts';
import { providerOf } from './spec/regions.ts';
import type { ClusterSpec, Environment } from './spec/spec.ts';
import type { Cluster } from './state/cluster.ts';
import type { ClusterEvent, Store, Write } from './state/store.ts';

/** Between two passes: while something is under way, and while nothing is; milliseconds. */
const BUSY_MS = 100;
const CALM_MS = 1_000;
/** Certificates outlast the longest life that `extend` can give. */
const CREDENTIALS_SECONDS = 30 * 86_400;

export interface DaskupOptions {
  readonly store: Store;
  readonly providers: readonly Provider[];
  readonly control: SchedulerControl;
  readonly issueCredentials: (clusterName: string, now: Date, lifetimeSeconds: number) => Promise<Credentials>;
  readonly connectionYaml: (endpoint: SchedulerEndpoint, credentials: Credentials) => string;
  /** Simulates a spot reclaim of a machine, where a provider can. */
  readonly reclaim: (machineId: string) => Promise<void>;
  readonly newId: () => string;
  readonly random: () => number;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** Who asks, and what they sent along. */
export interface Asker {
  readonly user: string;
  /** What `python=` or `env=` of the request came to; null where it named neither. */
  readonly environment: Environment | null;
}

/** A command that cannot be done as it was said; nothing was changed. */
class Refusal extends Error {}

/**
 * The whole of daskup behind every frontend: commands change what is desired, {@link run} makes it so.
 * Commands only ever write to the store, so any replica may take them.
 */
export class Daskup {
  readonly #options: DaskupOptions;
  readonly #loop: Loop;
  readonly #holder: string;
  #pass = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();

  constructor(options: DaskupOptions) {
    this.#options = options;
    this.#holder = options.newId();
    this.#loop = new Loop({ ...options, holder: this.#holder });
  }

  /** Reconciles until `signal` aborts, then gives its leases back. Nothing a pass throws ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, store } = this.#options;
    while (!signal.aborted) {
      const busy = await this.#loop.pass().catch((error: unknown) => {
        log(`this pass failed and comes again: ${error instanceof Error ? error.message : error}`);
        return false;
      });
      this.#pass.resolve();
      this.#pass = Promise.withResolvers();
      await Promise.race([sleep(busy ? BUSY_MS : CALM_MS, signal), this.#wake.promise]);
      this.#wake = Promise.withResolvers();
    }
    await store.unlease(this.#holder);
  }

  /** Does one command: progress while it works, then one result or error. Never throws for what a user did. */
  async *perform(command: Command, asker: Asker): AsyncGenerator<Answer> {
    try {
      yield* this.#perform(command, asker);
    } catch (error) {
      const kind = error instanceof Refusal ? 'refused' : 'failed';
      yield { type: 'error', kind, message: error instanceof Error ? error.message : String(error) };
    }
  }

  async *#perform(command: Command, asker: Asker): AsyncGenerator<Answer> {
    const { store, now } = this.#options;
    switch (command.verb) {
      case 'up':
        return yield* this.#up(command.request, asker);
      case 'plan': {
        const spec = this.#spec(command.request, asker);
        return yield result({ verb: 'plan', plan: await this.#plan(spec), workers: Math.max(1, spec.workers.min) });
      }
      case 'scale': {
        const { workers, name } = command;
        const changed = await this.#change(
          name,
          `scaled to ${rangeText(workers)} workers by ${asker.user}`,
          (cluster) => ({
            ...cluster,
            spec: { ...cluster.spec, workers },
            target: Math.min(workers.max, Math.max(workers.min, cluster.target)),
            retryAt: 0,
          }),
        );
        return yield* this.#until(
          changed,
          'scale',
          (view) => view.workers.joined === view.workers.target && view.workers.leaving === 0,
        );
      }
      case 'extend': {
        const { name, seconds } = command;
        const changed = await this.#change(name, `extended by ${asker.user}`, (cluster) => {
          const expiresAt = cluster.expiresAt + seconds * 1000;
          const most = now() + LIMITS.ttl.max * 1000;
          if (expiresAt > most)
            throw new Refusal(`${name} would end more than 7 days from now, the longest there is: extend it by less`);
          return { ...cluster, expiresAt };
        });
        return yield result({ verb: 'extend', cluster: await this.#view(changed) });
      }
      case 'down':
        return yield* this.#down(
          'all' in command.target ? await store.clusters({ live: true }) : [await this.#live(command.target.name)],
          asker,
        );
      case 'ls':
        return yield result({
          verb: 'ls',
          clusters: await Promise.all((await store.clusters({ live: true })).map((c) => this.#view(c))),
        });
      case 'status': {
        const cluster = await this.#known(command.name);
        const [machines, events, status] = await Promise.all([
          store.machines([cluster.id]),
          store.events(cluster.id),
          this.#status(cluster),
        ]);
        return yield result({
          verb: 'status',
          cluster: viewOf(cluster, machines, now()),
          machines: machines.map(machineViewOf),
          tasks: status?.tasks ?? null,
          events,
        });
      }
      case 'connect': {
        const cluster = await this.#live(command.name);
        if (!cluster.endpoint || cluster.state.phase !== 'ready') {
          throw new Refusal(
            `${command.name} is ${cluster.state.phase}: connect once it is ready (daskup status ${command.name})`,
          );
        }
        const yaml = this.#options.connectionYaml(cluster.endpoint, cluster.credentials);
        return yield result({ verb: 'connect', cluster: await this.#view(cluster), yaml });
      }
      case 'logs': {
        const cluster = await this.#known(command.name);
        const [machines, events] = await Promise.all([store.machines([cluster.id]), store.events(cluster.id)]);
        const provider = this.#provider(cluster.provider);
        const boots = await Promise.all(
          machines.map(async (machine) => ({
            machine: machineViewOf(machine),
            text: await provider.bootLog(machine.id),
          })),
        );
        return yield result({ verb: 'logs', events, boots });
      }
      case 'cost':
        return yield result(await this.#cost(command.period, command.by));
      case 'reclaim': {
        const cluster = await this.#live(command.name);
        const machine = (await store.machines([cluster.id])).find(
          (m) => isAlive(m) && m.role === 'worker' && m.offer.market === 'spot' && m.joinedAt !== null && !m.leaving,
        );
        if (!machine) throw new Refusal(`${command.name} has no spot worker to take back`);
        await this.#options.reclaim(machine.id);
        return yield result({ verb: 'reclaim', machine: machineViewOf(machine) });
      }
      case 'help':
        throw new Refusal('help needs no server');
    }
  }

  async *#up(request: Request, asker: Asker): AsyncGenerator<Answer> {
    const { store, now, newId, issueCredentials } = this.#options;
    const spec = this.#spec(request, asker);
    const ranked = await this.#plan(spec);
    const [site] = ranked.sites;
    if (!site) throw new Refusal(nothingFits(ranked));
    const createdAt = now();
    const cluster: Cluster = {
      id: newId(),
      owner: asker.user,
      spec,
      state: { phase: 'starting', since: createdAt },
      createdAt,
      expiresAt: createdAt + spec.ttlSeconds * 1000,
      target: Math.max(1, spec.workers.min),
      provider: site.provider,
      region: site.region,
      credentials: await issueCredentials(spec.name, new Date(createdAt), CREDENTIALS_SECONDS),
      endpoint: null,
      attempt: 0,
      launches: [],
      failures: 0,
      retryAt: 0,
      clientAt: null,
      surplusSince: null,
      answeredAt: null,
    };
    const text = `${rangeText(spec.workers)} ${spec.market} workers in ${site.region} asked for by ${asker.user}`;
    if (!(await store.create(cluster, [{ clusterId: cluster.id, at: createdAt, level: 'info', text }]))) {
      throw new Refusal(
        `There is a cluster named ${spec.name} already: choose another name, or end it with: down ${spec.name}`,
      );
    }
    yield* this.#until(cluster, 'up', (view) => view.phase === 'ready');
  }

  async *#down(clusters: readonly Cluster[], asker: Asker): AsyncGenerator<Answer> {
    const { store, now } = this.#options;
    for (const cluster of clusters) {
      await store.commit(cluster.id, (current): Write => {
        if (current.state.phase !== 'starting' && current.state.phase !== 'ready') return {};
        const why = `asked for by ${asker.user}`;
        return {
          cluster: { ...current, state: move(current.state, { phase: 'stopping', since: now(), why, failed: false }) },
          events: [event(cluster, now(), `ending: ${why}`)],
        };
      });
    }
    this.#wake.resolve();
    const ended = [];
    for (const cluster of clusters) {
      for await (const view of this.#watch(cluster)) {
        yield view;
        if (view.type !== 'progress' || view.cluster.phase === 'ended' || view.cluster.phase === 'failed') break;
      }
      ended.push(await this.#view((await store.cluster(cluster.spec.name)) ?? cluster));
    }
    yield result({ verb: 'down', clusters: ended });
  }

  /** Shows progress until `done`, or until the cluster is no more. */
  async *#until(cluster: Cluster, verb: 'up' | 'scale', done: (view: ClusterView) => boolean): AsyncGenerator<Answer> {
    this.#wake.resolve();
    for await (const answer of this.#watch(cluster)) {
      yield answer;
      if (answer.type !== 'progress') return;
      const view = answer.cluster;
      if (view.phase === 'ended' || view.phase === 'failed') {
        return yield {
          type: 'error',
          kind: 'failed',
          message: `${view.name} ${view.phase}: ${view.why}. daskup logs ${view.name} shows the boot logs`,
        };
      }
      if (done(view)) return yield result({ verb, cluster: view });
    }
  }

  /** The cluster after each pass in which something about it changed. */
  async *#watch(cluster: Cluster): AsyncGenerator<Answer> {
    const { store } = this.#options;
    let seq = 0;
    let shown = '';
    while (true) {
      const passed = this.#pass.promise;
      const current = await store.cluster(cluster.spec.name);
      if (current?.id !== cluster.id) return; // Ended, and another has its name by now.
      const events = await store.events(cluster.id, seq);
      seq = events.at(-1)?.seq ?? seq;
      const view = await this.#view(current);
      const stage = view.phase === 'starting' ? await this.#stage(current) : '';
      const key = JSON.stringify([view.phase, view.workers, stage, events.length > 0 ? seq : 0]);
      if (key !== shown) yield { type: 'progress', cluster: view, events, stage };
      shown = key;
      await Promise.race([passed, sleep(CALM_MS)]);
    }
  }

  /** The last thing a machine that has not joined said of itself. */
  async #stage(cluster: Cluster): Promise<string> {
    const machines = await this.#options.store.machines([cluster.id]);
    const booting = machines.filter((machine) => isAlive(machine) && machine.joinedAt === null);
    const provider = this.#provider(cluster.provider);
    const logs = await Promise.all(booting.map((machine) => provider.bootLog(machine.id).catch(() => '')));
    const stages = logs.flatMap((log) => [...log.matchAll(/^daskup: \d+s (.*)$/gm)].at(-1)?.[1] ?? []);
    return stages.find((stage) => stage.includes('fetching')) ?? stages[0] ?? '';
  }

  async #cost(word: CostPeriod, by: CostGroup | undefined): Promise<Result> {
    const { store, now } = this.#options;
    const period = periodOf(word, now());
    const [settled, machines, clusters] = await Promise.all([
      store.ledger(period),
      store.liveMachines(),
      store.clusters({ live: true }),
    ]);
    const byId = new Map(clusters.map((cluster) => [cluster.id, cluster]));
    const running = machines.flatMap((machine) => {
      const cluster = byId.get(machine.clusterId);
      return (cluster && entryOf(cluster, machine, period.to)) ?? [];
    });
    const rows = costRows([...settled, ...running], period, by);
    return { verb: 'cost', period, rows, totalMicros: rows.reduce((sum, row) => sum + row.micros, 0) };
  }

  #spec(request: Request, asker: Asker): ClusterSpec {
    const { providers, random } = this.#options;
    const regions = providers.flatMap((provider) => provider.regions);
    for (const region of request.regions ?? []) {
      if (!regions.includes(region)) {
        throw new Refusal(
          `${region} is a region of ${providerOf(region)}, which is not set up here; there is: ${regions.join(', ')}`,
        );
      }
    }
    return specOf(request, {
      name: makeName(random),
      limits: LIMITS,
      defaultRegion: regions[0] ?? '',
      environment: asker.environment ?? { kind: 'managed' },
    });
  }

  async #plan(spec: ClusterSpec): Promise<Plan> {
    const needed = this.#options.providers.filter((provider) =>
      provider.regions.some((region) => spec.regions.includes(region)),
    );
    return plan(spec, (await Promise.all(needed.map((provider) => provider.offers(spec.regions)))).flat());
  }

  async #change(name: string, text: string, change: (cluster: Cluster) => Cluster): Promise<Cluster> {
    const { store, now } = this.#options;
    const cluster = await this.#live(name);
    const changed = await store.commit(cluster.id, (current) => {
      if (current.state.phase === 'stopping' || !isLive(current.state)) throw new Refusal(`${name} is ending already`);
      return { cluster: change(current), events: [event(current, now(), text)] };
    });
    if (!changed) throw new Refusal(`${name} is gone`);
    this.#wake.resolve();
    return changed;
  }

  async #live(name: string): Promise<Cluster> {
    const cluster = await this.#known(name);
    if (!isLive(cluster.state)) throw new Refusal(`${name} has ended already`);
    return cluster;
  }

  async #known(name: string): Promise<Cluster> {
    const { store } = this.#options;
    const cluster = await store.cluster(name);
    if (cluster) return cluster;
    const names = (await store.clusters({ live: true })).map((other) => other.spec.name);
    const near = nearest(name, names);
    const hint = near
      ? `; did you mean ${near}?`
      : names.length > 0
        ? `; there is: ${names.join(', ')}`
        : '; there is none at all';
    throw new Refusal(`There is no cluster named ${name}${hint}`);
  }

  async #status(cluster: Cluster) {
    const { endpoint, credentials, expiresAt, state } = cluster;
    if (!endpoint || !isLive(state)) return null;
    return this.#options.control.status(endpoint, credentials, expiresAt).catch(() => null);
  }

  #provider(name: string): Provider {
    const provider = this.#options.providers.find((other) => other.name === name);
    if (!provider) throw new Refusal(`The provider ${name} is not set up here`);
    return provider;
  }

  async #view(cluster: Cluster): Promise<ClusterView> {
    return viewOf(cluster, await this.#options.store.machines([cluster.id]), this.#options.now());
  }
}

function result(value: Result): Answer {
  return { type: 'result', result: value };
}

function event(cluster: Cluster, at: number, text: string): ClusterEvent {
  return { clusterId: cluster.id, at, level: 'info', text };
}

function rangeText({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(min) : `${min}..${max}`;
}

function nothingFits({ rejected }: Plan): string {
  const reasons = rejected.map(({ reason, offers }) => `${offers} offers: ${reason}`).join('; ');
  return `No instance type fits${reasons ? ` (${reasons})` : ''}. Ask for less, or look with: daskup plan 1`;
}

/** Ends early, and without an error, when `signal` aborts. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return delay(ms, undefined, signal ? { signal } : {}).catch(() => {});
}
