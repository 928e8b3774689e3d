import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Deletes what in this folder was last changed before the moment (milliseconds since 1970, UTC) and bears such a name. */
export async function removeOlder(folder: string, moment: number, named: (name: string) => boolean): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter(named).map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      if (found && found.mtimeMs < moment) await rm(path, { recursive: true, force: true });
    }),
  );
}
