import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Made once for this user; whoever comes second waits. */
const INSTALL = `
set -e
mkdir -p "$(dirname "$1")"
exec 9>"$1.lock"
flock 9
[[ -e $1/complete ]] && exit
rm -rf "$1"
if command -v uv >/dev/null; then
  uv venv -q --python '>=3.11' "$1"
  uv pip install -q --no-deps --compile-bytecode --python "$1/bin/python" -r "$2"
else
  python3 -m venv "$1"
  "$1/bin/python" -m pip install -q --no-deps --disable-pip-version-check -r "$2"
fi
: >"$1/complete"
`;

/**
 * The folder of a virtual environment of Python with just these packages.
 * @param name of the folder, before what tells one lock from another.
 * @param lock a requirements file with every package that is needed, pinned.
 * @throws {Error} when it cannot be installed.
 */
export async function installLocked(name: string, lock: string): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(lock))
    .digest('hex')
    .slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'daskup/emulators', `${name}-${key}`);
  await promisify(execFile)('/bin/bash', ['-c', INSTALL, 'install', folder, lock]);
  return folder;
}
