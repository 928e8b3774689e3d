import type { Answer } from '../answer.ts';
import { NOT_GIVEN_UP } from '../loop/news.ts';
import { isAlive, type MachineRecord } from '../observe/machine.ts';
import { type ClusterView, viewOf } from '../observe/view.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Context } from './context.ts';
import { providerNamed } from './find.ts';

/** What other processes store is not heard of, nor how long a machine boots: a look at least so often; milliseconds. */
const LOOK_MS = 1_000;
/** A boot log is read no oftener; milliseconds. */
const STAGE_MS = 1_000;
/** A scheduler that takes longer to come up has something to say of it; sooner it is not asked, which is a call of the cloud's. */
const SLOW_MS = 10_000;

type Progress = Extract<Answer, { readonly type: 'progress' }>;

/** Up to which of its events a cluster's story is known; nothing of that needs to be told again. */
export function told({ store }: Context, cluster: Cluster): Promise<number> {
  return store.lastEvent(cluster.id);
}

/**
 * Shows progress until `done`, then returns the cluster. Null when it ended before, which has been answered then.
 * @param seq the last event that was {@link told} before.
 */
export async function* until(
  context: Context,
  cluster: Cluster,
  seq: number,
  done: (view: ClusterView) => boolean,
): AsyncGenerator<Answer, ClusterView | null> {
  context.pulse.wake();
  for await (const progress of watch(context, cluster, seq)) {
    yield progress;
    const view = progress.cluster;
    if (!isLive(view)) {
      const hadMachines = (await context.store.machines([cluster.id])).some(({ runningAt }) => runningAt !== null);
      const more = view.phase === 'failed' && hadMachines ? `. Its boot logs tell more: logs ${view.name}` : '';
      const message = `${view.name} ${view.phase}: ${view.why}${more}`;
      yield { type: 'error', kind: 'failed', message };
      return null;
    }
    if (done(view)) return view;
    if (await isHeld(context, cluster)) {
      const message = `${view.name} failed: ${view.why}. It is given up once that can be done: status ${view.name}`;
      yield { type: 'error', kind: 'failed', message };
      return null;
    }
  }
  yield {
    type: 'error',
    kind: 'failed',
    message: `${cluster.spec.name} ended, and there is another of that name by now`,
  };
  return null;
}

/** Whether a cluster that is to end is held up by what only a person can mend. */
export async function isHeld({ store }: Context, { id, spec }: Cluster): Promise<boolean> {
  const current = await store.cluster(spec.name);
  if (current?.id !== id || current.state.phase !== 'stopping') return false;
  return (await store.events(id)).at(-1)?.text.startsWith(NOT_GIVEN_UP) ?? false;
}

/** The cluster whenever something about it changed; ends when another has its name. */
export async function* watch(context: Context, cluster: Cluster, after: number): AsyncGenerator<Progress> {
  const { store, pulse, now } = context;
  let seq = after;
  let shown = '';
  let stage = '';
  let stageAt = 0;
  while (true) {
    const { changed } = pulse;
    const [current, events, machines] = await Promise.all([
      store.cluster(cluster.spec.name),
      store.events(cluster.id, seq),
      store.machines([cluster.id]),
    ]);
    if (current?.id !== cluster.id) return;
    seq = events.at(-1)?.seq ?? seq;
    if (current.state.phase !== 'starting') stage = '';
    else if (now() - stageAt >= STAGE_MS) {
      stage = await stageOf(context, current, machines);
      stageAt = now();
    }
    const view = viewOf(current, machines, now());
    const key = JSON.stringify([view.phase, view.workers, stage, seq]);
    if (key !== shown) yield { type: 'progress', cluster: view, events, stage };
    shown = key;
    await pulse.change(LOOK_MS, changed);
  }
}

/** The last thing that a scheduler which has not come up said of itself: it boots as all of them do. */
async function stageOf(context: Context, cluster: Cluster, machines: readonly MachineRecord[]): Promise<string> {
  const coming = machines.find((one) => one.role === 'scheduler' && isAlive(one) && one.joinedAt === null);
  if (!coming || context.now() - coming.launchedAt < SLOW_MS) return '';
  const log = await providerNamed(context, cluster.provider)
    .bootLog(coming.id)
    .catch(() => '');
  return [...log.matchAll(/^daskup: \d+s (.*)$/gm)].at(-1)?.[1] ?? '';
}
