import { dollars } from '@daskup/core/account/money';
import type { Result } from '@daskup/core/answer';
import type { ClusterView, MachineView } from '@daskup/core/observe/view';
import type { Offer } from '@daskup/core/plan/offer';
import { describeSeconds } from '@daskup/core/spec/duration';
import { PROGRAM } from './program.ts';

/** A result as a terminal shows it. */
export function render(result: Exclude<Result, { verb: 'connect' }>): string {
  switch (result.verb) {
    case 'up':
      return up(result.cluster);
    case 'scale':
      return `${result.cluster.name} has ${result.cluster.workers.joined} workers at ${dollars(result.cluster.microsPerHour)}/h`;
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

function down(cluster: ClusterView): string {
  return `${cluster.name} is down: no machine is left; it cost ${dollars(cluster.spentMicros)}`;
}

const CLUSTER_HEAD = ['NAME', 'STATE', 'WORKERS', 'SPOT', 'REGION', 'OWNER', '$/H', 'COST', 'TTL LEFT'];

function clusterRow(cluster: ClusterView): string[] {
  const { workers } = cluster;
  return [
    cluster.name,
    cluster.phase,
    `${workers.joined}/${workers.target}`,
    String(workers.spot),
    cluster.region,
    cluster.owner,
    dollars(cluster.microsPerHour),
    dollars(cluster.spentMicros),
    left(cluster),
  ];
}

function status({ cluster, machines, tasks, events }: Extract<Result, { verb: 'status' }>): string {
  const counts = tasks
    ? Object.entries(tasks)
        .map(([state, count]) => `${count} ${state}`)
        .join(', ') || 'none'
    : 'the scheduler does not answer';
  return [
    table(CLUSTER_HEAD, [clusterRow(cluster)]),
    ...(cluster.why ? [`\n${cluster.phase}: ${cluster.why}`] : []),
    `\ntasks: ${counts}\n`,
    table(['MACHINE', 'ROLE', 'STATE', 'TYPE', 'MARKET', 'ADDRESS', 'ENDED'], machines.map(machineRow)),
    '',
    ...events.slice(-5).map(({ at, text }) => `${clock(at)} ${text.split('\n')[0]}`),
  ].join('\n');
}

function machineRow(machine: MachineView): string[] {
  const state = machine.state === 'running' ? (machine.joined ? 'joined' : 'booting') : machine.state;
  return [machine.id, machine.role, state, machine.type, machine.market, machine.address, machine.endReason];
}

function planText({ plan, workers }: Extract<Result, { verb: 'plan' }>): string {
  const sites = plan.sites.map((site) =>
    [
      `${site.region} (${site.provider}): ${dollars(site.microsPerHour)}/h for a scheduler and ${workers} workers`,
      table(['TYPE', 'MARKET', 'ZONE', 'VCPU', 'MEMORY', '$/H'], site.workers.slice(0, 10).map(offerRow)),
    ].join('\n'),
  );
  const rejected = plan.rejected.map(({ reason, offers }) => `${offers} offers left out: ${reason}`);
  return [...(sites.length > 0 ? sites : ['nothing fits']), ...rejected].join('\n');
}

function offerRow(offer: Offer): string[] {
  return [
    offer.type,
    offer.market,
    offer.zone,
    String(offer.vcpus),
    `${offer.memoryGiB} GiB`,
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

function left(cluster: ClusterView): string {
  const live = cluster.phase !== 'ended' && cluster.phase !== 'failed';
  return live ? describeSeconds(Math.max(0, Math.round((cluster.expiresAt - Date.now()) / 60_000) * 60)) : '-';
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
