import { ensurePrivateFolder } from './data-folder.ts';
import { lockFolder } from './lock.ts';
import type { Embedded } from './pglite.ts';

/**
 * The embedded PostgreSQL whose files are in this folder: for one process, which keeps it locked. The lock comes before
 * all else: whoever is refused has not loaded a database for it, and leaves the folder as it was.
 * @throws {Error} when another process has it, or what is in it is not whole, of another version or newer.
 */
export async function openEmbedded(folder: string): Promise<Embedded> {
  await ensurePrivateFolder(folder);
  await using stack = new AsyncDisposableStack();
  stack.use(await lockFolder(folder));
  const { openDatabase } = await import('./pglite.ts');
  const { db, close } = await openDatabase(folder);
  stack.defer(close);
  const opened = stack.move();
  return { db, close: () => opened.disposeAsync() };
}
