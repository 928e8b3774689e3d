import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readKept, writeKept } from '../kept-file.ts';

const Kept = z.readonly(
  z.object({
    groupId: z.string(),
    ownGroupIds: z.readonly(z.array(z.string())),
    subnets: z.readonly(z.array(z.readonly(z.object({ id: z.string(), zone: z.string(), cidr: z.string() })))),
    /** The server that its security group lets in, by the address it comes by. */
    server: z.string(),
    /** The settings by which it was chosen. */
    chosenBy: z.string(),
    /** When that was seen to be so; milliseconds since 1970, UTC. */
    seenAt: z.number(),
  }),
);
export type Kept = z.infer<typeof Kept>;

/**
 * The networks that this home has used, so that the next process need not look for them: a file an installation in a folder
 * a region. It also tells where this home may have machines: a network is kept before anything is made in it.
 */
export class KeptNetworks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  regions(): Promise<readonly string[]> {
    return readdir(this.#folder).catch(() => []);
  }

  /** Null when there is none, or none that can be read. */
  find(region: string, installation: string): Promise<Kept | null> {
    return readKept(this.#file(region, installation), Kept);
  }

  /** The zones that a region's subnets are in, as far as they were chosen by these settings; null when nothing is kept. */
  async zones(region: string, chosenBy: string): Promise<readonly string[] | null> {
    const files = await readdir(join(this.#folder, region)).catch(() => []);
    for (const file of files.filter((name) => name.endsWith('.json'))) {
      const kept = await this.find(region, decodeURIComponent(file.slice(0, -'.json'.length)));
      if (kept?.chosenBy === chosenBy) return kept.subnets.map(({ zone }) => zone);
    }
    return null;
  }

  keep(region: string, installation: string, kept: Kept): Promise<void> {
    return writeKept(this.#file(region, installation), kept);
  }

  #file(region: string, installation: string): string {
    return join(this.#folder, region, `${encodeURIComponent(installation)}.json`);
  }
}
