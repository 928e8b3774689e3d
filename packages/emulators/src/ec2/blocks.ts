import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** The first is where a default VPC of EC2 would lie in 172.0.0.0/8. */
const FIRST = 31;
const LAST = 254;

/**
 * Blocks of this computer's loopback network, 127.x.0.0/16, for a region's machines each. No two emulators have the same:
 * a block is held by a lock that ends with its process.
 */
export class Blocks {
  readonly #locks: Server[] = [];

  /**
   * A block's first half, as `127.31`.
   * @throws {Error} when none is left.
   */
  async take(): Promise<string> {
    for (let part = FIRST; part <= LAST; part++) {
      const lock = createServer();
      try {
        // A Linux socket that is no file.
        lock.listen(`\0daskup-ec2-127.${part}`);
        await once(lock, 'listening');
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
        continue;
      }
      this.#locks.push(lock.unref());
      return `127.${part}`;
    }
    throw new Error('Other emulators have all of the loopback network');
  }

  close(): void {
    for (const lock of this.#locks) lock.close();
  }
}
