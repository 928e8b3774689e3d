import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type LaunchBatch, ProviderError } from '@daskup/core/provision/provider';
import * as z from 'zod/mini';
import { removeOlder } from './remove-older.ts';
import { readIfThere, writeOnce } from './write-once.ts';

/** A token means the same launch for this long; milliseconds. Longer than any crash leaves one unanswered. */
const KEEP_MS = 86_400_000;

/** What a launch was answered: so many machines, at that moment (milliseconds since 1970, UTC). */
const Grant = z.object({ asked: z.string(), count: z.number(), at: z.number() });
export type Grant = z.infer<typeof Grant>;

/** What this home's launches were granted: a file a token, so that asking again gives the same answer. */
export class Grants {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The launch's grant: the first answer stands for its token.
   * @param room how many machines more there is room for; asked only when the token is new.
   * @throws {ProviderError} when the token was used for another launch.
   */
  async of(batch: LaunchBatch, now: number, room: () => Promise<number>): Promise<Grant> {
    const path = join(this.#folder, `${encodeURIComponent(batch.token)}.json`);
    const asked = createHash('sha256').update(canonical(batch)).digest('hex');
    const known = await readIfThere(path);
    const grant = Grant.parse(JSON.parse(known ?? (await this.#decide(path, batch.count, asked, now, room))));
    if (grant.asked === asked) return grant;
    throw new ProviderError(
      `Launch token ${batch.token} was used before for another launch; nothing was launched. Launch again with a new token`,
    );
  }

  /** Forgets grants that nobody will ask for again. */
  prune(now: number): Promise<void> {
    return removeOlder(this.#folder, now - KEEP_MS, () => true);
  }

  async #decide(path: string, wanted: number, asked: string, at: number, room: () => Promise<number>): Promise<string> {
    const count = Math.max(0, Math.min(wanted, await room()));
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    return writeOnce(path, JSON.stringify({ asked, count, at } satisfies Grant));
  }
}

/** JSON with every object's fields in order: a batch read back from a database is the same batch. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
