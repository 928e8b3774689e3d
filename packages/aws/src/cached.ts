import { messageOf } from '@daskup/core/message';
import * as z from 'zod/mini';
import { readKept, writeKept } from './kept-file.ts';

/** A source that could not be read is not asked again for so long, unless there is nothing else; milliseconds. */
const RETRY_MS = 60_000;

/** Something as it was read, and when; milliseconds since 1970, UTC. */
export interface Reading<T> {
  readonly value: T;
  readonly readAt: number;
}

export interface CachedOptions<T> {
  /** Where it is kept between processes, by absolute path; its folder is made with mode 0700. */
  readonly file: string;
  /** Of what is kept. */
  readonly schema: z.ZodMiniType<T>;
  readonly read: () => Promise<T>;
  /** For so long it is as good as new; milliseconds. */
  readonly freshMs: number;
  /** Until it is so old it is given at once, and read anew meanwhile; older, only when it cannot be read. Milliseconds. */
  readonly usableMs: number;
  readonly now: () => number;
}

/** Something that is dear to read and keeps for a while: in memory, and in a file for the next process. */
export class Cached<T> {
  readonly #options: CachedOptions<T>;
  #kept: Promise<Reading<T> | null> | null = null;
  #reading: Promise<Reading<T>> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;

  constructor(options: CachedOptions<T>) {
    this.#options = options;
  }

  /** Why the last attempt to read it failed, in words; null when it did not. */
  get problem(): string | null {
    return this.#problem;
  }

  /**
   * As new as it need be. What cannot be read is given as it last was, however old.
   * @throws what `read` throws, when it has never been read.
   */
  async get(): Promise<Reading<T>> {
    const { freshMs, usableMs, now } = this.#options;
    this.#kept ??= this.#fromFile();
    const kept = await this.#kept;
    if (!kept) return this.anew();
    // A clock that was set back makes nothing new for longer.
    const age = Math.abs(now() - kept.readAt);
    if (age < freshMs || now() - this.#failedAt < RETRY_MS) return kept;
    const anew = this.anew().catch(() => kept);
    return age < usableMs ? kept : anew;
  }

  /** Reads it, once at a time. @throws what `read` throws. */
  anew(): Promise<Reading<T>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<Reading<T>> {
    const { read, now } = this.#options;
    try {
      const reading = { value: await read(), readAt: now() };
      this.#problem = null;
      this.#kept = Promise.resolve(reading);
      // Where it cannot be kept, the next process reads it anew.
      await writeKept(this.#options.file, reading).catch(() => {});
      return reading;
    } catch (error) {
      this.#failedAt = now();
      this.#problem = messageOf(error);
      throw error;
    }
  }

  #fromFile(): Promise<Reading<T> | null> {
    const { file, schema } = this.#options;
    return readKept(file, z.object({ value: schema, readAt: z.number() }));
  }
}
