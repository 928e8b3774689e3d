import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SchedulerEndpoint } from '@daskup/core/provision/provider';
import * as z from 'zod/mini';
import { addressOf, freePorts } from './addresses.ts';
import { readIfThere, writeOnce } from './write-once.ts';

const Endpoint = z.object({ address: z.string(), port: z.number(), controlPort: z.number() });

/** Where the schedulers of this home's clusters are or will be: a file a cluster. */
export class Places {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The cluster's place; the first answer stands until it is released. */
  async reserve(clusterId: string): Promise<SchedulerEndpoint> {
    const path = this.#path(clusterId);
    const known = await readIfThere(path);
    return Endpoint.parse(JSON.parse(known ?? (await this.#choose(clusterId, path))));
  }

  /** Forgets the cluster's place. */
  async release(clusterId: string): Promise<void> {
    await rm(this.#path(clusterId), { force: true });
  }

  async #choose(clusterId: string, path: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const address = addressOf(clusterId);
    const [port, controlPort] = await freePorts(address);
    return writeOnce(path, JSON.stringify({ address, port, controlPort } satisfies SchedulerEndpoint));
  }

  #path(clusterId: string): string {
    return join(this.#folder, `${encodeURIComponent(clusterId)}.json`);
  }
}
