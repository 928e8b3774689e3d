import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const MODE = 0o600;

/** Writes the file that `DASK_CONFIG` is to name, readable by its owner alone, whole or not at all; returns its path. */
export function saveConnection(home: string, cluster: string, yaml: string): string {
  const folder = folderIn(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${cluster}.yaml`);
  writeFileSync(`${path}.new`, yaml, { mode: MODE });
  renameSync(`${path}.new`, path);
  return path;
}

/**
 * Removes the files of clusters that are over; of what else may be in their folder, nothing.
 * @param before when that was known, in milliseconds since 1970: a newer file is of another cluster of the name.
 */
export function removeConnections(home: string, before: number, isOver: (cluster: string) => boolean): void {
  const folder = folderIn(home);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [, cluster] = /^([a-z0-9-]+)\.yaml$/.exec(name) ?? [];
    if (cluster === undefined || !isOver(cluster)) continue;
    const path = join(folder, name);
    const file = lstatSync(path, { throwIfNoEntry: false });
    if (!file?.isFile() || (file.mode & 0o777) !== MODE || file.uid !== userInfo().uid) continue;
    if (file.mtimeMs < before) rmSync(path, { force: true });
  }
}

function folderIn(home: string): string {
  return join(home, 'connections');
}
