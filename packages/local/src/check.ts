import { execFile } from 'node:child_process';
import { access, constants, mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Finding } from '@daskup/core/provision/provider';
import type { Environment, PythonRange } from '@daskup/core/spec/spec';
import { FIRST_MINOR, interpreterOf, softwareOf, suits } from '@daskup/dask/environment';

const run = promisify(execFile);
/** A daemon that hangs is none; milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * What a cluster of this environment could fail on here.
 * @param cache where software environments are kept: for one that is made already no tool is needed.
 */
export async function check(environment: Environment, home: string, cache: string): Promise<readonly Finding[]> {
  return Promise.all([
    finding(
      'Linux',
      process.platform === 'linux',
      'machines of their own addresses need Linux; use a cloud region instead',
    ),
    writable(home),
    ...software(environment, cache),
  ]);
}

function software(environment: Environment, cache: string): readonly Promise<Finding>[] {
  const wanted = softwareOf(environment);
  if ('container' in wanted) return [containers()];
  if ('python' in wanted || interpreterOf(environment, cache) !== null) return [];
  return [commandFinding('flock', 'install util-linux'), python(wanted.pythons)];
}

function finding(what: string, ok: boolean, otherwise: string): Finding {
  return { ok, message: ok ? `${what}: in order` : `${what}: ${otherwise}` };
}

/** Whether a command works here. */
function works(command: string, ...args: readonly string[]): Promise<boolean> {
  return run(command, args, { timeout: PATIENCE_MS }).then(
    () => true,
    () => false,
  );
}

async function commandFinding(command: string, otherwise: string): Promise<Finding> {
  return finding(command, await works(command, '--version'), otherwise);
}

/** uv fetches a Python that is not here; pip needs one. */
async function python(pythons: PythonRange): Promise<Finding> {
  const { from, to } = pythons;
  const wanted = `3.${from}${to === null ? ' or newer' : to > from ? ` to 3.${to}` : ''}`;
  const found = (await works('uv', '--version')) || (await isThere(pythons));
  return finding('Python', found, `install Python ${wanted} and its venv module (python3-venv), or uv`);
}

async function isThere(pythons: PythonRange): Promise<boolean> {
  const names = ['python3', ...Array.from({ length: 20 }, (_, i) => `python3.${FIRST_MINOR + i}`)];
  for (const name of names) {
    const version = await run(name, ['-c', 'import sys, venv, ensurepip; print(sys.version_info[1])']).catch(
      () => null,
    );
    if (version && suits(Number(version.stdout), pythons)) return true;
  }
  return false;
}

/** A program that is there may have no daemon to talk to. */
async function containers(): Promise<Finding> {
  const found = (await works('docker', 'info')) || (await works('podman', 'info'));
  return finding('containers', found, 'neither docker nor podman runs here for this user; install and start one');
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
