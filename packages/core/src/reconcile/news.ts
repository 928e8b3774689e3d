import type { MachineRecord } from '../observe/machine.ts';
import type { Provider } from '../provision/provider.ts';
import type { Cluster } from '../state/cluster.ts';
import type { ClusterEvent } from '../state/store.ts';

/** How much of a machine's boot log goes with the news of its failure; lines. */
const LOG_TAIL = 8;
/** Of how many machines a pass reads the boot log: of a hundred that fail at once the rest would say the same. */
const LOGS_A_PASS = 3;

/** What an event begins with that tells why the end of a cluster waits. */
export const NOT_GIVEN_UP = 'its place could not be given up';

/** The news of machines that ended unasked, with the end of the boot log of those that never joined. */
export async function obituaries(
  provider: Provider,
  cluster: Cluster,
  ended: readonly MachineRecord[],
  now: number,
): Promise<readonly ClusterEvent[]> {
  const unasked = ended.filter((machine) => machine.terminateAskedAt === null && cluster.state.phase !== 'stopping');
  const logs = await logEnds(
    provider,
    unasked.filter(({ joinedAt }) => joinedAt === null),
  );
  return unasked.map(({ id, role, leaving, joinedAt, endReason }) => {
    const level = leaving && joinedAt !== null ? 'info' : 'warning';
    return { clusterId: cluster.id, at: now, level, text: `${role} ${id} ended: ${endReason}${logs.get(id) ?? ''}` };
  });
}

/** What machines that are given up said last. */
export async function lastWords(
  provider: Provider,
  givenUp: readonly MachineRecord[],
  now: number,
): Promise<readonly ClusterEvent[]> {
  const logs = await logEnds(provider, givenUp);
  return givenUp.flatMap(({ id, clusterId, role }) => {
    const log = logs.get(id);
    return log === undefined ? [] : { clusterId, at: now, level: 'warning', text: `${role} ${id} has said: ${log}` };
  });
}

/** The ends of the first machines' boot logs by their ids, each on lines of its own. */
async function logEnds(provider: Provider, machines: readonly MachineRecord[]): Promise<ReadonlyMap<string, string>> {
  const read = async ({ id }: MachineRecord) => {
    const log = (await provider.bootLog(id).catch(() => '')).trimEnd();
    return [id, log ? `\n${log.split('\n').slice(-LOG_TAIL).join('\n')}` : ' nothing'] as const;
  };
  return new Map(await Promise.all(machines.slice(0, LOGS_A_PASS).map(read)));
}
