import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod/mini';

/** What a file keeps as JSON; null where there is none, or none that this version writes. */
export async function readKept<T>(file: string, schema: z.ZodMiniType<T>): Promise<T | null> {
  try {
    return z.parse(schema, JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Keeps it in a file of its owner's alone, whose folder is made with mode 0700: all of it or nothing, whoever else writes.
 * @throws {Error} when it cannot be written.
 */
export async function writeKept(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const half = `${file}.${randomUUID()}`;
  await writeFile(half, JSON.stringify(value), { mode: 0o600 });
  await rename(half, file);
}
