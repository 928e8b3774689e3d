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

/** What a person here has set up to reach a package index: which one, through what, and whom to trust. */
const PACKAGES = /^(PIP_|UV_|SSL_CERT_|REQUESTS_CA_BUNDLE$|(HTTPS?|ALL|NO)_PROXY$)/i;

/**
 * The environment that a machine here starts with: a VM would know nothing of whoever launched it, and this one little.
 */
export function environmentFrom(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const packages = Object.entries(env).filter(([name]) => PACKAGES.test(name));
  const { PATH = '/usr/bin:/bin', HOME = '/' } = env;
  return { ...Object.fromEntries(packages), PATH, HOME, LANG: 'C.UTF-8' };
}

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
    env: environmentFrom(process.env),
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The machines' processes could not be started (bash ended with ${code})`);
}
