import type { Cluster } from './cluster.ts';

/** Who has connected is let in for so long, then has to connect again; milliseconds. */
export const CLIENT_MS = 86_400_000;

/** What an event begins with that tells why clients are kept out. */
export const NOT_LET_IN = 'clients are not let in as they should be';

/** Where a client is that is not where the server is. */
export interface Client {
  /** A CIDR block. */
  readonly range: string;
  /** Milliseconds since 1970, UTC. */
  readonly until: number;
}

/** The clients of a cluster once one has connected from there. */
export function withClient(clients: readonly Client[], range: string, now: number): readonly Client[] {
  const others = clients.filter((client) => client.range !== range && client.until > now);
  return [...others, { range, until: now + CLIENT_MS }];
}

/** The ranges that clients are to be let in from now, each once, in an order of their own. */
export function rangesOf({ spec, clients }: Pick<Cluster, 'spec' | 'clients'>, now: number): readonly string[] {
  const ranges = clients.filter(({ until }) => until > now).map(({ range }) => range);
  return [...new Set([...spec.allow, ...ranges])].toSorted();
}
