import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@daskup/core/spec/spec';

/** The packages a machine installs when nothing else was asked for, each pinned. */
const MANAGED_REQUIREMENTS = readFileSync(new URL('python/requirements.lock', import.meta.url), 'utf8');

/** What a machine must install, and the name under which it is kept; or the interpreter that is there already. */
export type Software = { readonly python: string } | { readonly requirements: string; readonly cacheKey: string };

export function softwareOf(environment: Environment): Software {
  if (environment.kind === 'python') return { python: environment.path };
  const requirements = environment.kind === 'requirements' ? environment.text : MANAGED_REQUIREMENTS;
  return { requirements, cacheKey: createHash('sha256').update(requirements).digest('hex').slice(0, 16) };
}

/**
 * The interpreter that machines of this computer run for an environment; null while none has made it.
 * @param cache where software environments are kept.
 */
export function interpreterOf(environment: Environment, cache: string): string | null {
  const software = softwareOf(environment);
  if ('python' in software) return software.python;
  const made = globSync(join(cache, `${software.cacheKey}-*`)).find((folder) => existsSync(join(folder, 'complete')));
  return made ? join(made, 'bin/python') : null;
}
