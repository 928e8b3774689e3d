import { chmod, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What a PostgreSQL data folder cannot be without; initdb makes all of them, a copy that was cut off lacks some. */
const ESSENTIAL = ['global/pg_control', 'global/pg_filenode.map', 'base', 'pg_wal', 'pg_xact', 'postgresql.conf'];

/** Makes the folder where it is missing; in any case nobody but its owner can look inside, for it holds private keys. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  const topmost = await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if (topmost === undefined) return;
  // A new folder outlives a power loss once the folder it is listed in is on the disk.
  for (let path = resolve(folder); path.length >= resolve(topmost).length; path = dirname(path)) {
    await sync(dirname(path));
  }
}

/**
 * Whether there is a database of this PostgreSQL major version in the folder. Only reads: opening a folder that is not
 * whole, or of another version, can damage it.
 * @throws {Error} when it holds anything but a whole database of this version.
 */
export async function hasDatabase(folder: string, major: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (names === null) return false;
  const missing: string[] = [];
  for (const path of ['PG_VERSION', ...ESSENTIAL]) {
    if (!(await exists(join(folder, path)))) missing.push(path);
  }
  if (missing.length > 0) {
    throw new Error(
      `${folder} is not a whole database: ${missing.join(', ')} missing. It was left as it is. ` +
        'Copy it again from where it came, with no process running on it, or move it away to start with an empty one.',
    );
  }
  const version = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  if (version !== major) {
    throw new Error(
      `${folder} holds a database of PostgreSQL ${JSON.stringify(version)}, and this program embeds ${major}. ` +
        'It was left as it is. Use the version of daskup that made it, or move it away to start with an empty one.',
    );
  }
  return true;
}

/** Which version of daskup's schema was last noted for the database in this folder; 0 for none. */
export async function versionIn(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'version'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10) || 0;
}

export async function noteVersion(folder: string, version: number): Promise<void> {
  const path = join(folder, 'version');
  await writeFile(`${path}.new`, `${version}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await sync(folder);
}

/** Forces every file and folder under `folder`, itself included, to the disk. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await sync(path);
  }
  await sync(folder);
}

/** Forces one file, or a folder's list of names, to the disk. */
export async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
