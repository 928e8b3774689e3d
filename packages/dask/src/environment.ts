import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment, PythonRange } from '@daskup/core/spec/spec';

/** The packages a machine installs when nothing else was asked for, each pinned. */
const MANAGED_REQUIREMENTS = readFileSync(new URL('python/requirements.lock', import.meta.url), 'utf8');

/** The first minor version of Python 3 that machines take. */
export const FIRST_MINOR = 11;

/**
 * What a machine must install, for which Python, and the name under which it is kept; or what is there already, an
 * interpreter or a container.
 */
export type Software = { readonly python: string } | { readonly container: string } | Packages;

export interface Packages {
  readonly requirements: string;
  readonly pythons: PythonRange;
  readonly cacheKey: string;
}

export function softwareOf(environment: Environment): Software {
  switch (environment.kind) {
    case 'python':
      return { python: environment.path };
    case 'container':
      return { container: environment.reference };
    case 'managed':
      return installed(MANAGED_REQUIREMENTS, null);
    case 'requirements':
      return installed(environment.text, environment.python);
    case 'client': {
      const { python, versions } = environment;
      const own = pinsOf(MANAGED_REQUIREMENTS, python);
      const pins = Object.entries(versions);
      // An environment that many use, and that may be in the image.
      const isManaged = pins.every(([name, version]) => own.get(name) === version);
      const requirements = isManaged
        ? MANAGED_REQUIREMENTS
        : pins.map(([name, version]) => `${name}==${version}\n`).join('');
      return installed(requirements, { from: python, to: python });
    }
  }
}

function installed(requirements: string, python: PythonRange | null): Software {
  const { from, to } = python ?? { from: FIRST_MINOR, to: null };
  const cacheKey = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  return { requirements, pythons: { from: Math.max(from, FIRST_MINOR), to }, cacheKey };
}

/** Whether an environment of this Python, as its folder is called, is one that will do. */
export function suits(minor: number, { from, to }: PythonRange): boolean {
  return minor >= from && minor <= (to ?? minor);
}

/** The versions that the managed environment has with a Python of this minor version. */
function pinsOf(requirements: string, minor: number): ReadonlyMap<string, string> {
  const pins = requirements.matchAll(/^([a-z0-9-]+)==(\S+)(?: ; python_full_version (<|>=) '3\.(\d+)')?$/gm);
  return new Map(
    [...pins].flatMap(([, name = '', version = '', sign, bound]) =>
      sign === undefined || minor < Number(bound) === (sign === '<') ? [[name, version]] : [],
    ),
  );
}

/**
 * The interpreter that machines of this computer run for an environment; null while none has made it.
 * @param cache where software environments are kept.
 */
export function interpreterOf(environment: Environment, cache: string): string | null {
  const software = softwareOf(environment);
  if ('python' in software) return software.python;
  if ('container' in software) return null;
  const made = globSync(join(cache, `${software.cacheKey}-3.*`)).find(
    (folder) => suits(Number(folder.split('-3.').at(-1)), software.pythons) && existsSync(join(folder, 'complete')),
  );
  return made ? join(made, 'bin/python') : null;
}
