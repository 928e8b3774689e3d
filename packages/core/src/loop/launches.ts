import { messageOf } from '../message.ts';
import type { MachineRecord } from '../observe/machine.ts';
import { recordOf } from '../observe/observe.ts';
import type { Unavailable } from '../plan/plan.ts';
import type { Boot, Provider, Role, Shortage } from '../provision/provider.ts';
import { Shortages } from '../provision/shortages.ts';
import { TIMING } from '../reconcile/timing.ts';
import { type Cluster, identityOf, type Launch } from '../state/cluster.ts';
import type { LoopContext } from './context.ts';
import type { Setbacks } from './setbacks.ts';

/** Asks clouds for the machines that were decided on, and remembers what they had none of. */
export class Launches {
  readonly #context: LoopContext;
  readonly #setbacks: Setbacks;
  readonly #shortages = new Shortages();

  constructor(context: LoopContext, setbacks: Setbacks) {
    this.#context = context;
    this.#setbacks = setbacks;
  }

  /** What launches have found there is none of. */
  unavailable(now: number): Unavailable {
    return this.#shortages.at(now);
  }

  /** Asks for a launch and records those of its machines that are not `known` yet. */
  async launch(provider: Provider, cluster: Cluster, launch: Launch, known: readonly MachineRecord[]): Promise<void> {
    const { endpoint, credentials } = cluster;
    if (!endpoint || !credentials) return;
    const { store, holder, commit, now: clock } = this.#context;
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
      const tags = { ...identityOf(cluster, store.installation), role, expiresAt, token };
      const { diskGiB, tags: userTags, machineImage } = cluster.spec;
      const batch = { token, tags, count, market, offers, diskGiB, userTags, machineImage, boot };
      const { machines, shortages } = await provider.launch(batch);
      const now = clock();
      this.#setbacks.worked(cluster.id);
      this.#setbacks.over(cluster.id);
      this.#shortages.note(shortages, now);
      // A repeated call shows machines that a list has shown before, and more is known of those by now.
      const news = machines.filter(({ id }) => !known.some((machine) => machine.id === id));
      // Under the lease: another holder may have counted machines before these were recorded, and must then ask itself.
      await commit(
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
      await this.#setbacks.met(cluster, `a launch failed: ${messageOf(error)}`, error, launch);
    }
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

/** A scheduler waits as long as there may be no room for workers, and a little longer: the server tells it better. */
function joinSecondsOf(role: Role): number {
  return (role === 'scheduler' ? TIMING.startMs + 60_000 : TIMING.joinMs) / 1000;
}
