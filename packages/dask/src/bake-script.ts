import { scriptOf } from './boot-script.ts';
import type { Packages } from './environment.ts';
import type { Platform } from './platform.ts';

/** The minor version of Python 3 that the disk of a machine has an environment of which ended so; null for any other end. */
export function bakedPython(reason: string): number | null {
  const minor = /^its environment is in place, with Python 3\.(\d+)$/.exec(reason)?.[1];
  return minor === undefined ? null : Number(minor);
}

/**
 * The life of a machine whose disk is to become an image: it makes the environment where others look for it, and shuts down,
 * at its deadline whatever happens. It knows no secret.
 * @param deadline milliseconds since 1970, UTC.
 */
export function bakeScript(packages: Packages, deadline: number, platform: Platform): string {
  const variables = { DASKUP_ROLE: 'image', DASKUP_CLUSTER: '', DASKUP_DEADLINE: Math.floor(deadline / 1000) };
  return scriptOf(platform, packages, variables, {});
}
