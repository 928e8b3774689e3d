import { nearest } from '../command/nearest.ts';
import { type ClusterView, viewOf } from '../observe/view.ts';
import type { Credentials, Provider } from '../provision/provider.ts';
import { isLive } from '../reconcile/lifecycle.ts';
import type { Cluster } from '../state/cluster.ts';
import { type Context, Refusal } from './context.ts';

/**
 * The cluster of this name, be it over.
 * @throws {Refusal} that names what there is, when it never was.
 */
export async function known({ store }: Context, name: string): Promise<Cluster> {
  const cluster = await store.cluster(name);
  if (cluster) return cluster;
  const names = (await store.clusters({ live: true })).map((other) => other.spec.name);
  throw new Refusal(`There is no cluster named ${name}${instead(name, names)}`);
}

/** What there is in place of what has no such name, to end a sentence with: the one that may be meant, else all and a `hint`. */
export function instead(name: string, names: readonly string[], hint = ''): string {
  const near = nearest(name, names);
  if (near) return `; did you mean ${near}?`;
  return `; there is${names.length > 0 ? `: ${names.join(', ')}` : ' none at all'}${hint}`;
}

/**
 * The live cluster of this name.
 * @throws {Refusal} when there is none.
 */
export async function live(context: Context, name: string): Promise<Cluster> {
  const cluster = await known(context, name);
  if (!isLive(cluster.state)) throw new Refusal(`${name} has ended already`);
  return cluster;
}

/** @throws {Refusal} when this installation does not have the provider any more. */
export function providerNamed({ providers }: Context, name: string): Provider {
  const provider = providers.find((other) => other.name === name);
  if (!provider) throw new Refusal(`The provider ${name} is not set up here`);
  return provider;
}

/** @throws {Refusal} when this server cannot read the cluster's keys. */
export function keysOf({ credentials, spec: { name } }: Cluster): Credentials {
  if (credentials) return credentials;
  throw new Refusal(
    `${name}'s keys were sealed with another secret key than this server has: start it with that one ` +
      `(DASKUP_SECRET_KEY, or secret.key in DASKUP_HOME), or end the cluster: daskup down ${name}`,
  );
}

/** What people are shown of a cluster now. */
export async function look(context: Context, cluster: Cluster): Promise<ClusterView> {
  return viewOf(cluster, await context.store.machines([cluster.id]), context.now());
}
