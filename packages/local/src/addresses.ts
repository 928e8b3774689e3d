import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** An address of its own in 127.0.0.0/8 for a machine or cluster, always the same one; never in 127.0.x.x, which others use. */
export function addressOf(id: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(id).digest();
  return `127.${16 + (a % 224)}.${b}.${1 + (c % 254)}`;
}

/**
 * Two different ports that nothing listens on at this address. Not Dask's usual ones: a scheduler that somebody started by
 * hand holds 8786 on every address.
 * @throws {Error} when the address cannot be listened on, as on systems with the one address 127.0.0.1.
 */
export async function freePorts(address: string): Promise<readonly [number, number]> {
  // Both are held before either is let go, else the second could be the first again.
  const [one, two] = await Promise.all([listening(address), listening(address)]);
  const ports = [portOf(one), portOf(two)] as const;
  one.close();
  two.close();
  return ports;
}

function listening(address: string): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = createServer();
  server.on('error', reject);
  server.listen(0, address, () => resolve(server));
  return promise;
}

function portOf(server: Server): number {
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) throw new Error('A server that listens on TCP has a port');
  return bound.port;
}
