import { bootLogs, type LogSources } from '../observe/boot-logs.ts';
import type { MachineRecord } from '../observe/machine.ts';
import type { Observation } from '../observe/observe.ts';
import type { Cluster } from '../state/cluster.ts';
import type { ClusterEvent } from '../state/store.ts';

/** How much of a machine's boot log goes with the news of its failure; lines. */
const LOG_TAIL = 8;
/** Of how many machines a pass shows the boot log: of a hundred that fail at once the rest would say the same. */
const LOGS_A_PASS = 3;
/** What is known of an end when neither the cloud nor the machine gave a reason. */
const BY_ITSELF = 'it shut itself down';

/** What an event begins with that tells why the end of a cluster waits. */
export const NOT_GIVEN_UP = 'its place could not be given up';

/**
 * The observation with the reasons that its ended machines gave themselves, and the news of those that ended unasked, with
 * the end of the boot log of those that never joined.
 */
export async function obituaries(
  sources: LogSources,
  cluster: Cluster,
  observation: Observation,
  now: number,
): Promise<readonly [Observation, readonly ClusterEvent[]]> {
  const { ended } = observation;
  if (ended.length === 0) return [observation, []];
  const unasked = ended.filter((machine) => machine.terminateAskedAt === null && cluster.state.phase !== 'stopping');
  // The cloud is not asked for what it need not tell.
  const unclear = unasked.filter(({ joinedAt, endReason }) => joinedAt === null || endReason === '');
  const logs = await bootLogs(sources, cluster, observation.machines, unclear, LOGS_A_PASS);
  const reasoned = new Map(
    ended.map((machine) => [
      machine.id,
      { ...machine, endReason: machine.endReason || reasonIn(logs.get(machine.id)) },
    ]),
  );
  const replaced = (machines: readonly MachineRecord[]) => machines.map((one) => reasoned.get(one.id) ?? one);
  const shown = new Set(unasked.filter(({ joinedAt }) => joinedAt === null).slice(0, LOGS_A_PASS));
  const news = unasked.map((machine) => {
    const { id, role, leaving, joinedAt } = machine;
    const level: ClusterEvent['level'] = leaving && joinedAt !== null ? 'info' : 'warning';
    const text = `${role} ${id} ended: ${reasoned.get(id)?.endReason}${shown.has(machine) ? endOf(logs.get(id)) : ''}`;
    return { clusterId: cluster.id, at: now, level, text };
  });
  const { machines, changed } = observation;
  return [{ machines: replaced(machines), changed: replaced(changed), ended: replaced(ended) }, news];
}

/** What machines that are given up said last. */
export async function lastWords(
  sources: LogSources,
  cluster: Cluster,
  machines: readonly MachineRecord[],
  givenUp: readonly MachineRecord[],
  now: number,
): Promise<readonly ClusterEvent[]> {
  const shown = givenUp.slice(0, LOGS_A_PASS);
  const logs = await bootLogs(sources, cluster, machines, shown);
  return shown.map(({ id, clusterId, role }) => {
    return { clusterId, at: now, level: 'warning', text: `${role} ${id} has said: ${endOf(logs.get(id))}` };
  });
}

/** The reason that a machine gave, in its last word. */
function reasonIn(log = ''): string {
  return [...log.matchAll(/^daskup: \d+s ending: (.*)$/gm)].at(-1)?.[1] ?? BY_ITSELF;
}

/** The end of a boot log, on lines of its own. */
function endOf(log = ''): string {
  const text = log.trimEnd();
  return text ? `\n${text.split('\n').slice(-LOG_TAIL).join('\n')}` : ' nothing';
}
