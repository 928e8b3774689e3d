import { scriptOf } from './boot-script.ts';
import type { Packages } from './environment.ts';
import type { Platform } from './platform.ts';

/** The minor version of Python 3 that the disk of a machine has an environment of which ended so; null for any other end. */
export function bakedPython(reason: string): number | null {
  const minor = /^its environment is in place, with Python 3\.(\d+)$/.exec(reason)?.[1];
  return minor === undefined ? null : Number(minor);
}

/** A user or password in a URL; `git@` is nobody's. */
const CREDENTIALS = /https?:\/\/(?!git@)[^\s/@]+@|:\/\/[^\s/@:]*:[^\s/@]+@/;

/** Why packages must not be baked, in words that do not repeat it: who may boot an image reads what is in it. Null when they may. */
export function secretProblem({ requirements }: Packages): string | null {
  const line = requirements.split('\n').findIndex((text) => CREDENTIALS.test(text));
  if (line === -1) return null;
  return `line ${line + 1} of the requirements has a user or password in its URL, which all who may boot the image could read. Take it out; or do not bake, and machines install these packages as they boot`;
}

/**
 * The life of a machine whose disk is to become an image: it makes the environment where others look for it, and shuts down,
 * at its deadline whatever happens. It knows no secret when there is no {@link secretProblem}; what it was told it deletes.
 * @param deadline milliseconds since 1970, UTC.
 */
export function bakeScript(packages: Packages, deadline: number, platform: Platform): string {
  const variables = { DASKUP_ROLE: 'image', DASKUP_CLUSTER: '', DASKUP_DEADLINE: Math.floor(deadline / 1000) };
  return scriptOf(platform, packages, variables, {});
}
