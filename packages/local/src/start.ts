import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Each machine leads a session of its own, so that it outlives whoever started it. */
const START = `
umask 077
for folder; do
  {
    cd "$folder" || exit
    DASKUP_DIR=$folder PATH=$folder/bin:$PATH exec setsid /bin/bash boot.sh >>boot.log 2>&1 </dev/null
  } &
done
`;

/**
 * Starts the machines in these folders, in one call for all: a server's process is large, and to fork it once for each of
 * many machines would take longer than they take to boot.
 * @throws {Error} when no process can be started.
 */
export async function startMachines(folders: readonly string[]): Promise<void> {
  if (folders.length === 0) return;
  const child = spawn('/bin/bash', ['-c', START, 'start', ...folders], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The machines' processes could not be started (bash ended with ${code})`);
}
