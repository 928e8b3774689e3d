import type { Result } from '../answer.ts';
import type { Command } from '../command/command.ts';
import { range as notation } from '../command/notation.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import { NOT_LET_IN, withClient } from '../state/clients.ts';
import { type Cluster, identityOf } from '../state/cluster.ts';
import { type Context, Refusal } from './context.ts';
import { keysOf, live, look, providerNamed } from './find.ts';
import { told } from './watch.ts';

/** A few calls of a cloud take no longer; milliseconds. */
const ADMIT_MS = 40_000;
const LOOK_MS = 1_000;

/** What a client needs to reach a cluster that is ready, which lets it in if it is elsewhere than the server. */
export async function connect(context: Context, { name, from }: Command<'connect'>): Promise<Result> {
  const cluster = await live(context, name);
  const { endpoint, state } = cluster;
  if (!endpoint || state.phase !== 'ready') {
    throw new Refusal(`${name} is ${state.phase}: connect once it is ready (status ${name})`);
  }
  const yaml = context.connectionYaml(endpoint, keysOf(cluster));
  const provider = providerNamed(context, cluster.provider);
  if (from !== undefined && !provider.admitClients)
    throw new Refusal(`nobody elsewhere reaches ${name} in ${cluster.region}: connect ${name} where its server is`);
  const identity = identityOf(cluster, context.store.installation);
  // Who is let in already can do without.
  const server = (await provider.admitServer?.(identity).catch(() => null)) ?? null;
  if (from !== undefined && from !== `${server}/32`) await admitted(context, cluster, from);
  const isPublic = endpoint.publicAddress !== undefined;
  const letIn = server === null ? null : { address: server, isPublic };
  return { verb: 'connect', cluster: await look(context, cluster), yaml, letIn };
}

/** @throws {Error} when the client is not let in soon. */
async function admitted(context: Context, cluster: Cluster, range: string): Promise<void> {
  const { store, now, pulse } = context;
  const { name } = cluster.spec;
  const seq = await told(context, cluster);
  await store.commit(cluster.id, (current) =>
    isLive(current.state) ? { cluster: { ...current, clients: withClient(current.clients, range, now()) } } : {},
  );
  pulse.wake();
  const end = now() + ADMIT_MS;
  while (true) {
    const { changed } = pulse;
    const [current, events] = await Promise.all([store.cluster(name), store.events(cluster.id, seq)]);
    if (current?.id !== cluster.id || !isLive(current.state)) throw new Error(`${name} has ended`);
    if (current.admitted.includes(range)) return;
    const problem = events.findLast(({ text }) => text.startsWith(NOT_LET_IN));
    const again = `connect ${name} from ${notation.format(range)}`;
    if (problem) throw new Error(`${name}: ${problem.text}. Then try again: ${again}`);
    if (now() >= end) throw new Error(`${name} has not let ${range} in yet. Try again: ${again}`);
    await pulse.change(LOOK_MS, changed);
  }
}
