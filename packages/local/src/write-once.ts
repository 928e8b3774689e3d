import { randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { isCode } from '@daskup/core/system-error';

/**
 * Writes a file unless there is one, and returns the text that stands: of any number of processes that write at once
 * exactly one wins, and nobody ever reads half a file.
 */
export async function writeOnce(path: string, text: string): Promise<string> {
  const draft = draftOf(path);
  await writeFile(draft, text);
  try {
    await link(draft, path);
    return text;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    return await readFile(path, 'utf8');
  } finally {
    await unlink(draft);
  }
}

/** Where to write what is to take `path`'s place in one step; a crash may leave it behind. */
export function draftOf(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.new`;
}

/** The text of a file, null when there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}
