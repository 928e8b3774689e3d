import { execFile } from 'node:child_process';
import { access, constants, mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Finding } from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import { interpreterOf } from '@daskup/dask/environment';

const run = promisify(execFile);

/**
 * What a cluster of this environment could fail on here.
 * @param cache where software environments are kept: for one that is made already no tool is needed.
 */
export async function check(environment: Environment, home: string, cache: string): Promise<readonly Finding[]> {
  const toBeMade = interpreterOf(environment, cache) === null;
  return Promise.all([
    finding(
      'Linux',
      process.platform === 'linux',
      'machines of their own addresses need Linux; use a cloud region instead',
    ),
    writable(home),
    ...(toBeMade ? [commandFinding('flock', 'install util-linux'), python()] : []),
  ]);
}

function finding(what: string, ok: boolean, otherwise: string): Finding {
  return { ok, message: ok ? `${what}: in order` : `${what}: ${otherwise}` };
}

async function commandFinding(command: string, otherwise: string): Promise<Finding> {
  const found = await run(command, ['--version']).then(
    () => true,
    () => false,
  );
  return finding(command, found, otherwise);
}

async function python(): Promise<Finding> {
  const probe = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
  const uv = (await commandFinding('uv', '')).ok;
  const venv = await run('python3', ['-c', probe]).then(
    () => true,
    () => false,
  );
  return finding('Python', uv || venv, 'install python3 (3.11 or newer) and python3-venv, or uv');
}

async function writable(home: string): Promise<Finding> {
  const ok = await mkdir(home, { recursive: true, mode: 0o700 })
    .then(() => access(home, constants.W_OK))
    .then(
      () => true,
      () => false,
    );
  return finding(`folder ${home}`, ok, 'cannot be written to; set DASKUP_HOME to one that can');
}
