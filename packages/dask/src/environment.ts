import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Environment } from '@daskup/core/spec/spec';

/** The packages a machine installs when nothing else was asked for, each pinned. */
export const MANAGED_REQUIREMENTS = readFileSync(new URL('python/requirements.lock', import.meta.url), 'utf8');

/** What a machine must install, and the name under which it is kept; or the interpreter that is there already. */
export type Software = { readonly python: string } | { readonly requirements: string; readonly cacheKey: string };

export function softwareOf(environment: Environment): Software {
  if (environment.kind === 'python') return { python: environment.path };
  const requirements = environment.kind === 'requirements' ? environment.text : MANAGED_REQUIREMENTS;
  return { requirements, cacheKey: createHash('sha256').update(requirements).digest('hex').slice(0, 16) };
}
