import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** An address of its own in 127.0.0.0/8 for a machine or cluster, always the same one; never in 127.0.x.x, which others use. */
export function addressOf(id: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(id).digest();
  return `127.${16 + (a % 224)}.${b}.${1 + (c % 254)}`;
}

/**
 * A port that nothing listens on at this address. Not Dask's usual ones: a scheduler that somebody started by hand holds
 * 8786 on every address.
 */
export function freePort(address: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', reject);
  server.listen(0, address, () => {
    const bound = server.address();
    server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0));
  });
  return promise;
}
