import type { Answer, Result } from '../answer.ts';
import type { Command } from '../command/command.ts';
import { count } from '../command/notation.ts';
import { isAlive } from '../observe/machine.ts';
import { machineViewOf } from '../observe/view.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import { describeSeconds } from '../spec/duration.ts';
import { LIMITS } from '../spec/limits.ts';
import { type Cluster, LIFE_SECONDS, stopping } from '../state/cluster.ts';
import type { ClusterEvent, Write } from '../state/store.ts';
import { type Asker, type Context, Refusal } from './context.ts';
import { keysOf, live, look } from './find.ts';
import { isHeld, told, until, watch } from './watch.ts';

/** Asks for another size, and shows the cluster reach it. */
export async function* scale(
  context: Context,
  { name, workers }: Command<'scale'>,
  asker: Asker,
): AsyncGenerator<Answer> {
  const text = `scaled to ${count.format(workers)} workers by ${asker.user}`;
  const cluster = await live(context, name);
  const seq = await told(context, cluster);
  const changed = await change(context, cluster, text, (current) => ({
    ...current,
    spec: { ...current.spec, workers },
    target: Math.min(workers.max, Math.max(workers.min, current.target)),
    retryAt: 0,
  }));
  const reached = yield* until(
    context,
    changed,
    seq,
    ({ workers: { joined, target, leaving } }) => joined === target && leaving === 0,
  );
  if (reached) yield { type: 'result', result: { verb: 'scale', cluster: reached } };
}

/** Moves a cluster's end. */
export async function extend(context: Context, { name, seconds }: Command<'extend'>, asker: Asker): Promise<Result> {
  const most = context.now() + LIMITS.ttl.max * 1000;
  const cluster = await live(context, name);
  const changed = await change(context, cluster, `extended by ${asker.user}`, (current) => {
    const expiresAt = current.expiresAt + seconds * 1000;
    const last = current.createdAt + LIFE_SECONDS * 1000;
    if (expiresAt > Math.min(most, last)) {
      throw new Refusal(last < most ? tooOld(name, last - current.expiresAt) : tooLong(name, most - current.expiresAt));
    }
    return { ...current, expiresAt };
  });
  return { verb: 'extend', cluster: await look(context, changed) };
}

function tooLong(name: string, leftMs: number): string {
  const advice = leftMs >= 60_000 ? `extend it by at most ${wholeMinutes(leftMs)} now` : 'extend it later';
  return `${name} would end more than ${describeSeconds(LIMITS.ttl.max)} from now, the longest there is: ${advice}`;
}

function tooOld(name: string, leftMs: number): string {
  const advice =
    leftMs >= 60_000 ? `extend it by at most ${wholeMinutes(leftMs)}, or make a new cluster` : 'make a new cluster';
  return `${name}'s certificates end ${describeSeconds(LIFE_SECONDS)} after it was made: ${advice}`;
}

function wholeMinutes(ms: number): string {
  return describeSeconds(Math.floor(ms / 60_000) * 60);
}

/** Ends one cluster, or every one, and shows each go. */
export async function* down(context: Context, { target }: Command<'down'>, asker: Asker): AsyncGenerator<Answer> {
  const { store, now, pulse } = context;
  const clusters = 'all' in target ? await store.clusters({ live: true }) : [await toEnd(context, target.name)];
  const why = `asked for by ${asker.user}`;
  const end = (cluster: Cluster): Write => {
    if (cluster.state.phase === 'stopping' || !isLive(cluster.state)) return {};
    return { cluster: stopping(cluster, now(), why, false), events: [event(cluster, now(), `ending: ${why}`)] };
  };
  const seqs = await Promise.all(clusters.map((cluster) => told(context, cluster)));
  await Promise.all(clusters.map(({ id }) => store.commit(id, end)));
  pulse.wake();
  const ended = [];
  for (const [i, cluster] of clusters.entries()) {
    let view = await look(context, cluster);
    for await (const progress of watch(context, cluster, seqs[i] ?? 0)) {
      yield progress;
      view = progress.cluster;
      if (!isLive(view)) break;
      if (await isHeld(context, cluster)) {
        const last = (await context.store.events(cluster.id)).at(-1)?.text;
        throw new Error(`${view.name} is ending: ${last}. That is tried again until it works`);
      }
    }
    ended.push(view);
  }
  yield { type: 'result', result: { verb: 'down', clusters: ended } };
}

/** @throws {Refusal} when there is none of that name; told what is meant, should the name be `all`. */
async function toEnd(context: Context, name: string): Promise<Cluster> {
  if (name === 'all' && !(await context.store.cluster(name)))
    throw new Refusal('There is no cluster named all; to end every one: down --all');
  return live(context, name);
}

/** Takes one spot worker back, as its cloud might. */
export async function reclaim(context: Context, { name }: Command<'reclaim'>): Promise<Result> {
  const cluster = await live(context, name);
  const machine = (await context.store.machines([cluster.id])).find(
    (m) => isAlive(m) && m.role === 'worker' && m.offer.market === 'spot' && m.joinedAt !== null && !m.leaving,
  );
  if (!machine) throw new Refusal(`${name} has no spot worker to take back`);
  await context.reclaim(machine.id);
  return { verb: 'reclaim', machine: machineViewOf(machine) };
}

/** Changes what is desired of a live cluster that is not ending. */
async function change(
  context: Context,
  { id, spec: { name } }: Cluster,
  text: string,
  changed: (cluster: Cluster) => Cluster,
): Promise<Cluster> {
  const { store, now, pulse } = context;
  const cluster = await store.commit(id, (current) => {
    if (current.state.phase === 'stopping' || !isLive(current.state)) throw new Refusal(`${name} is ending already`);
    // Its machines would never hear of the change.
    keysOf(current);
    return { cluster: changed(current), events: [event(current, now(), text)] };
  });
  if (!cluster) throw new Refusal(`${name} is gone`);
  pulse.wake();
  return cluster;
}

function event({ id }: Cluster, at: number, text: string): ClusterEvent {
  return { clusterId: id, at, level: 'info', text };
}
