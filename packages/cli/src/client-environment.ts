import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@daskup/core/spec/spec';

/**
 * What must be the same on a cluster as on its client: what Dask itself compares, and what it makes dataframes of.
 * Source: distributed/versions.py, `required_packages` and `optional_packages`.
 */
const SAME = ['dask', 'distributed', 'msgpack', 'cloudpickle', 'tornado', 'toolz', 'numpy', 'pandas', 'lz4', 'pyarrow'];

/**
 * What the environment that is activated in this shell has of Python and Dask; null when it has no Dask, or none is. Read
 * from the names of its folders alone: to start its Python would take longer than all else that the client does.
 */
export function clientEnvironment(env: NodeJS.ProcessEnv): Environment | null {
  const prefix = env.VIRTUAL_ENV || env.CONDA_PREFIX;
  const python = prefix ? pythonIn(prefix) : null;
  if (!prefix || python === null) return null;
  const versions: Record<string, string> = {};
  for (const folder of namesIn(join(prefix, `lib/python3.${python}/site-packages`))) {
    const [, project = '', version = ''] = /^(.+?)-(.+)\.dist-info$/.exec(folder) ?? [];
    const name = project.toLowerCase().replaceAll(/[-_.]+/g, '-');
    // What was built by hand (`1.2+local`) is to be had from nowhere: what it was built from may be.
    if (SAME.includes(name)) versions[name] = version.replace(/\+.*/, '');
  }
  const interpreter = join(prefix, 'bin/python');
  if (!versions.dask || !versions.distributed || !existsSync(interpreter)) return null;
  return { kind: 'client', interpreter, python, versions: sorted(versions) };
}

/** The minor version of the Python 3 of an environment; null when there is none. */
export function pythonIn(prefix: string): number | null {
  // conda has a link `python3.1` to `python3.10` beside it.
  const minors = namesIn(join(prefix, 'lib')).flatMap((name) => Number(/^python3\.(\d+)$/.exec(name)?.[1] ?? []));
  return minors.length > 0 ? Math.max(...minors) : null;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** In one order, so that the same versions are the same environment. */
function sorted(versions: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(SAME.flatMap((name) => (versions[name] === undefined ? [] : [[name, versions[name]]])));
}
