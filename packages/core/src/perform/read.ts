import { entryOf } from '../account/account.ts';
import { costRows, periodOf } from '../account/cost.ts';
import type { Result } from '../answer.ts';
import type { Command } from '../command/command.ts';
import { bootLogs } from '../observe/boot-logs.ts';
import type { SchedulerStatus } from '../observe/scheduler.ts';
import { machineViewOf, viewOf } from '../observe/view.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Context } from './context.ts';
import { known, providerNamed } from './find.ts';

/** Every live cluster. */
export async function ls({ store, now }: Context): Promise<Result> {
  const clusters = await store.clusters({ live: true });
  const machines = Map.groupBy(await store.machines(clusters.map(({ id }) => id)), ({ clusterId }) => clusterId);
  return { verb: 'ls', clusters: clusters.map((cluster) => viewOf(cluster, machines.get(cluster.id) ?? [], now())) };
}

/** One cluster, over or not, with its machines, its tasks and what happened to it. */
export async function status(context: Context, { name }: Command<'status'>): Promise<Result> {
  const { store, now } = context;
  const cluster = await known(context, name);
  const [machines, events, said] = await Promise.all([
    store.machines([cluster.id]),
    store.events(cluster.id),
    asked(context, cluster),
  ]);
  return {
    verb: 'status',
    cluster: viewOf(cluster, machines, now()),
    machines: machines.map(machineViewOf),
    tasks: said?.tasks ?? null,
    events,
  };
}

/** What happened to a cluster, and what its machines printed. */
export async function logs(context: Context, { name }: Command<'logs'>): Promise<Result> {
  const { store } = context;
  const cluster = await known(context, name);
  const provider = providerNamed(context, cluster.provider);
  const [machines, events] = await Promise.all([store.machines([cluster.id]), store.events(cluster.id)]);
  // Those that came to nothing first: not all that told nobody can be asked for.
  const wanted = machines.toSorted((a, b) => Number(a.joinedAt !== null) - Number(b.joinedAt !== null));
  const texts = await bootLogs({ control: context.control, provider }, cluster, machines, wanted);
  const boots = machines.map((machine) => ({ machine: machineViewOf(machine), text: texts.get(machine.id) ?? '' }));
  return { verb: 'logs', events, boots };
}

/** What was spent in a period, machines that still run included. */
export async function cost({ store, now }: Context, command: Command<'cost'>): Promise<Result> {
  const period = periodOf(command.period, now());
  // In this order: what ends meanwhile is found in the ledger, and counted there only.
  const machines = await store.liveMachines();
  const clusters = await store.clusters({ live: true });
  const settled = await store.ledger(period);
  const byId = new Map(clusters.map((cluster) => [cluster.id, cluster]));
  const ended = new Set(settled.map(({ machineId }) => machineId));
  const running = machines.flatMap((machine) => {
    const cluster = ended.has(machine.id) ? undefined : byId.get(machine.clusterId);
    return (cluster && entryOf(cluster, machine, period.to)) ?? [];
  });
  const rows = costRows([...settled, ...running], period, command.by);
  return { verb: 'cost', period, rows, totalMicros: rows.reduce((sum, row) => sum + row.micros, 0) };
}

/** What the scheduler says now; null when there is none, or it does not answer. */
async function asked({ control }: Context, cluster: Cluster): Promise<SchedulerStatus | null> {
  const { endpoint, credentials, expiresAt, state } = cluster;
  if (!endpoint || !credentials || !isLive(state)) return null;
  return control.status(endpoint, credentials, expiresAt).catch(() => null);
}
