import { dollars } from '@daskup/core/account/money';
import type { Result } from '@daskup/core/answer';
import { count } from '@daskup/core/command/notation';
import type { ClusterView, MachineView } from '@daskup/core/observe/view';
import type { Offer, PriceAge } from '@daskup/core/plan/offer';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import { describeSeconds } from '@daskup/core/spec/duration';
import type { Requirements } from '@daskup/core/spec/spec';
import type { KeptEnvironment } from '@daskup/core/state/store';
import { PROGRAM } from './program.ts';

/** Of machines that ended, so many are shown: the last ones. */
const ENDED_SHOWN = 3;

/** A result as a terminal shows it. */
export function render(result: Exclude<Result, { verb: 'connect' }>): string {
  switch (result.verb) {
    case 'up':
      return up(result.cluster);
    case 'scale':
      return scale(result.cluster);
    case 'extend':
      return `${result.cluster.name} ends at ${clock(result.cluster.expiresAt)}, in ${left(result.cluster)}`;
    case 'down':
      return result.clusters.length === 0 ? 'nothing was running' : result.clusters.map(down).join('\n');
    case 'plan':
      return planText(result);
    case 'ls':
      return result.clusters.length === 0
        ? `no clusters. Make one: ${PROGRAM} up 4`
        : table(CLUSTER_HEAD, result.clusters.map(clusterRow));
    case 'status':
      return status(result);
    case 'logs':
      return [
        ...result.events.map(({ at, level, text }) => `${clock(at)} ${level === 'info' ? '' : `${level}: `}${text}`),
        ...result.boots.map(
          ({ machine, text }) => `\n--- ${machine.role} ${machine.id} (${machine.state})\n${text.trimEnd()}`,
        ),
      ].join('\n');
    case 'cost':
      return cost(result);
    case 'env':
      return environments(result);
    case 'reclaim':
      return `${result.machine.role} ${result.machine.id} has notice: it moves its results away and goes`;
  }
}

function up(cluster: ClusterView): string {
  const { name, workers } = cluster;
  return [
    `${name} is ready: ${workers.joined} of ${workers.target} workers, ${workers.spot} of them spot, ${dollars(cluster.microsPerHour)}/h`,
    `  connect  eval "$(${PROGRAM} connect ${name})"   then Client() in Python`,
    `  end      ${PROGRAM} down ${name}   (by itself in ${left(cluster)}, when idle, or a while after its last client left: help away)`,
  ].join('\n');
}

function scale({ name, workers, microsPerHour }: ClusterView): string {
  return `${name} has ${many(workers.joined, 'worker')}${range(workers)} at ${dollars(microsPerHour)}/h`;
}

/** What the number of workers moves in, where it does. */
function range({ min, max }: ClusterView['workers']): string {
  return min < max ? ` (${count.format({ min, max })})` : '';
}

function down(cluster: ClusterView): string {
  return `${cluster.name} is down: no machine is left; it cost ${dollars(cluster.spentMicros)}`;
}

const CLUSTER_HEAD = ['NAME', 'STATE', 'WORKERS', 'SPOT', 'REGION', 'OWNER', '$/H', 'COST', 'TTL LEFT'];

function clusterRow(cluster: ClusterView): string[] {
  const { workers } = cluster;
  return [
    cluster.name,
    cluster.phase,
    `${workers.joined}/${workers.target}${range(workers)}`,
    String(workers.spot),
    cluster.region,
    cluster.owner,
    dollars(cluster.microsPerHour),
    dollars(cluster.spentMicros),
    left(cluster),
  ];
}

function status({ cluster, machines, tasks, events }: Extract<Result, { verb: 'status' }>): string {
  const story = events.slice(-5).map(({ at, text }) => `${clock(at)} ${text.split('\n')[0]}`);
  return [
    table(CLUSTER_HEAD, [clusterRow(cluster)]),
    ...(cluster.why ? [`${cluster.phase}: ${cluster.why}`] : []),
    ...(isLive(cluster) ? [`tasks: ${tasksText(cluster, tasks)}`] : []),
    ...living(machines.filter(({ endedAt }) => endedAt === null)),
    ...ended(machines.filter(({ endedAt }) => endedAt !== null)),
    story.join('\n'),
  ].join('\n\n');
}

function tasksText({ phase }: ClusterView, tasks: Extract<Result, { verb: 'status' }>['tasks']): string {
  if (!tasks) return `the scheduler does not answer${phase === 'starting' ? ' yet' : ''}`;
  const counts = Object.entries(tasks).map(([state, number]) => `${number} ${state}`);
  return counts.join(', ') || 'none';
}

function living(machines: readonly MachineView[]): string[] {
  if (machines.length === 0) return [];
  const rows = machines.map(({ id, role, state, joined, type, market, address }) => [
    id,
    role,
    state === 'running' ? (joined ? 'joined' : 'booting') : state,
    type,
    market,
    address,
  ]);
  return [table(['MACHINE', 'ROLE', 'STATE', 'TYPE', 'MARKET', 'ADDRESS'], rows)];
}

function ended(machines: readonly MachineView[]): string[] {
  if (machines.length === 0) return [];
  const last = machines.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0)).slice(-ENDED_SHOWN);
  const rows = last.map(({ id, role, type, market, endedAt, endReason }) => [
    id,
    role,
    type,
    market,
    clock(endedAt ?? 0),
    endReason,
  ]);
  const which = last.length < machines.length ? `, the last ${last.length} of them:` : ':';
  return [
    `${many(machines.length, 'machine')} ended${which}\n${table(['MACHINE', 'ROLE', 'TYPE', 'MARKET', 'ENDED', 'WHY'], rows)}`,
  ];
}

function planText({ plan, workers, prices, problems }: Extract<Result, { verb: 'plan' }>): string {
  const sites = plan.sites.map((site) => {
    const { provider, region, zone, scheduler, microsPerHour } = site;
    const place = zone === region ? region : `${region}, zone ${zone}`;
    const what = `a scheduler (${scheduler[0]?.type}) and ${many(workers, 'worker')}`;
    return [
      `${place} (${provider}): ${dollars(microsPerHour)}/h for ${what}`,
      table(['TYPE', 'MARKET', 'ZONE', 'VCPU', 'MEMORY', 'GPU', '$/H'], site.workers.slice(0, 10).map(offerRow)),
    ].join('\n');
  });
  const rejected = plan.rejected.map(({ reason, offers }) => `${many(offers, 'offer')} left out: ${reason}`);
  return [...sites, ...problems, ...rejected, ...[...Map.groupBy(prices, ({ region }) => region)].map(pricesText)].join(
    '\n',
  );
}

function pricesText([region, ages]: readonly [string, readonly PriceAge[]]): string {
  const texts = ages.map(({ market, readAt, problem }) => {
    const seconds = Math.max(0, Math.floor((Date.now() - readAt) / 1000));
    const age = describeSeconds(seconds < 60 ? seconds : seconds - (seconds % 60));
    return `${market} ${age} old${problem === null ? '' : ` (not to be read now: ${problem})`}`;
  });
  return `prices of ${region}: ${texts.join(', ')}`;
}

function offerRow(offer: Offer): string[] {
  return [
    offer.type,
    offer.market,
    offer.zone,
    String(offer.vcpus),
    `${offer.memoryGiB} GiB`,
    offer.gpuKind === null ? '-' : `${offer.gpus} ${offer.gpuKind}`,
    dollars(offer.microsPerHour),
  ];
}

function cost({ rows, totalMicros, period }: Extract<Result, { verb: 'cost' }>): string {
  const lines = rows.map((row) => [
    row.key,
    String(row.machines),
    describeSeconds(row.machineSeconds),
    dollars(row.micros),
  ]);
  return table(
    [`SINCE ${new Date(period.from).toISOString().slice(0, 16)}Z`, 'MACHINES', 'MACHINE TIME', 'COST'],
    [...lines, ['total', '', '', dollars(totalMicros)]],
  );
}

function environments({ did, environments: all }: Extract<Result, { verb: 'env' }>): string {
  const [one] = all;
  if (did === 'show') return one?.environment.text.trimEnd() ?? '';
  if (did === 'rm') return `${one?.name} is kept no more; clusters that have it keep it`;
  if (did === 'add') return `${one?.name} is kept, ${packages(one)}: ${PROGRAM} up 4 env=${one?.name}`;
  if (all.length === 0) return `no environments. Keep one: ${PROGRAM} env add NAME requirements.txt`;
  return table(
    ['NAME', 'PACKAGES', 'PYTHON', 'KEPT BY', 'SINCE'],
    all.map((kept) => [kept.name, packages(kept), pythons(kept.environment), kept.keptBy, clock(kept.keptAt)]),
  );
}

/** How many packages it asks for by a line of their own. */
function packages(kept: KeptEnvironment | undefined): string {
  const lines = kept?.environment.text.split('\n').filter((line) => /^\s*\w/.test(line)) ?? [];
  return many(lines.length, 'package');
}

function pythons({ python }: Requirements): string {
  if (python === null) return 'any';
  const { from, to } = python;
  return `3.${from}${to === null ? ' or newer' : to > from ? ` to 3.${to}` : ''}`;
}

function left(cluster: ClusterView): string {
  return isLive(cluster)
    ? describeSeconds(Math.max(0, Math.round((cluster.expiresAt - Date.now()) / 60_000) * 60))
    : '-';
}

export function many(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A moment, milliseconds since 1970, UTC, as people read it. */
export function clock(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
