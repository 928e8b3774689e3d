import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the file that `DASK_CONFIG` is to name, readable by its owner alone, whole or not at all; returns its path. */
export function saveConnection(home: string, cluster: string, yaml: string): string {
  const folder = join(home, 'connections');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${cluster}.yaml`);
  writeFileSync(`${path}.new`, yaml, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}
