import { messageOf } from '../message.ts';
import type { Provider } from '../provision/provider.ts';
import type { Cluster } from '../state/cluster.ts';
import { isAlive, type MachineRecord } from './machine.ts';
import type { SchedulerControl } from './scheduler.ts';

/** Of so many machines, that have told nobody, the cloud is asked: each is a call, and of hundreds that failed alike the rest would say the same. */
const ASKED = 20;

/** Whom there is to ask for what a cluster's machines printed. */
export interface LogSources {
  readonly control: SchedulerControl;
  readonly provider: Provider;
}

/**
 * The end of what these machines printed, by id: in one call from the scheduler, which they tell, and of the first `asked` that
 * have not told it, or whose scheduler is not there, from the cloud. Without those that have printed nothing.
 * @param all the cluster's machines.
 */
export async function bootLogs(
  { control, provider }: LogSources,
  { endpoint, credentials }: Cluster,
  all: readonly MachineRecord[],
  wanted: readonly MachineRecord[],
  asked = ASKED,
): Promise<ReadonlyMap<string, string>> {
  const ids = wanted.map(({ id }) => id);
  const isThere = all.some((machine) => machine.role === 'scheduler' && machine.joinedAt !== null && isAlive(machine));
  const told =
    isThere && endpoint && credentials && ids.length > 0
      ? await control.logs(endpoint, credentials, ids).catch(() => new Map<string, string>())
      : new Map<string, string>();
  const untold = ids.filter((id) => !told.get(id)).slice(0, asked);
  const read = async (id: string) => {
    const text = await provider.bootLog(id).catch((error: unknown) => `It cannot be read: ${messageOf(error)}`);
    return [id, text] as const;
  };
  const printed = await Promise.all(untold.map(read));
  return new Map([...told, ...printed].filter(([, text]) => text !== ''));
}
