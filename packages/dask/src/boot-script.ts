import { readFileSync } from 'node:fs';
import type { Boot } from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import { stringify } from 'yaml';
import { FIRST_MINOR, type Software, softwareOf } from './environment.ts';
import type { Platform } from './platform.ts';
import { shellWord } from './shell-word.ts';
import { packed } from './user-data.ts';

/** What a requirements file may take of a cloud's user data; bytes. */
const REQUIREMENTS_BYTES = 6_000;

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
// Comments and indentation are for its readers, and would take a machine's room.
const script = (name: string) => read(name).replaceAll(/^ *(#.*\n)?/gm, '');
const MACHINE = script('machine.sh');
const CONTAINER = script('container.sh');
const PRELOAD = { scheduler: read('python/control.py'), worker: read('python/worker.py') };

const DASK_CONFIG = stringify({
  distributed: {
    // None of Dask's own HTTP routes ask for a certificate, so none are served.
    scheduler: { 'allowed-failures': 10, http: { routes: [] } },
    worker: { http: { routes: [] } },
    comm: {
      'require-encryption': true,
      // Workers boot beside their scheduler, and may be there first.
      timeouts: { connect: '300s' },
    },
  },
});

/**
 * The whole life of a machine as one bash script, its secrets included: the same on every provider but for the few lines
 * by which a machine learns who it is.
 */
export function bootScript(boot: Boot, platform: Platform): string {
  const variables: Record<string, string | number> = {
    DASKUP_ROLE: boot.role,
    DASKUP_CLUSTER: boot.clusterName,
    DASKUP_SCHEDULER: boot.scheduler.address,
    DASKUP_PORT: boot.scheduler.port,
    DASKUP_CONTROL_PORT: boot.scheduler.controlPort,
    DASKUP_DEADLINE: Math.floor(boot.expiresAt / 1000),
    DASKUP_JOIN_SECONDS: boot.joinSeconds,
    DASKUP_IDLE_SECONDS: boot.idleSeconds,
  };
  const files: Record<string, string> = {
    'ca.pem': boot.ca,
    'cert.pem': boot.identity.cert,
    'key.pem': boot.identity.key,
    'dask.yaml': DASK_CONFIG,
    'preload.py': PRELOAD[boot.role],
  };
  return scriptOf(platform, softwareOf(boot.environment), variables, files);
}

/** The script that every machine runs, with its software, these variables and these files in its folder. */
export function scriptOf(
  platform: Platform,
  software: Software,
  ownVariables: Readonly<Record<string, string | number>>,
  ownFiles: Readonly<Record<string, string>>,
): string {
  const variables = { ...ownVariables, ...variablesOf(software) };
  const files = {
    ...ownFiles,
    ...('requirements' in software ? { 'requirements.txt': software.requirements } : {}),
  };
  return [
    '#!/bin/bash',
    'umask 077',
    platform.identify.trimEnd(),
    `export ${Object.entries(variables)
      .map(([name, value]) => `${name}=${shellWord(String(value))}`)
      .join(' ')}`,
    ...Object.entries(files).map(([name, text]) => `printf %s ${shellWord(text)} >"$DASKUP_DIR/${name}"`),
    ...toolsOf(software, platform),
    MACHINE,
  ].join('\n');
}

function variablesOf(software: Software): Record<string, string | number> {
  if ('python' in software) return { DASKUP_PYTHON: software.python };
  if ('container' in software) return { DASKUP_CONTAINER: software.container };
  const { from, to } = software.pythons;
  return {
    DASKUP_ENVIRONMENT: software.cacheKey,
    DASKUP_PYTHON_FROM: from,
    ...(to === null ? {} : { DASKUP_PYTHON_TO: to }),
  };
}

/** What a machine needs to come by its software, where it has to. */
function toolsOf(software: Software, { fetch }: Platform): readonly string[] {
  const fetching = (tool: 'uv' | 'docker') => (fetch ? [`fetch_${tool}() {\n${fetch[tool].trim()}\n}`] : []);
  if ('container' in software) return [CONTAINER, ...fetching('docker')];
  return 'requirements' in software ? fetching('uv') : [];
}

/** Why no machine could be given this environment, in words; null when one can. */
export function environmentProblem(environment: Environment): string | null {
  const newest =
    environment.kind === 'client'
      ? environment.python
      : environment.kind === 'requirements'
        ? environment.python?.to
        : null;
  if (newest != null && newest < FIRST_MINOR) {
    const whose = environment.kind === 'client' ? `${environment.interpreter} is` : 'The environment is for';
    const fix =
      environment.kind === 'client' ? 'Activate a newer one, or say env= or python=' : 'Make it for a newer one';
    return `${whose} Python 3.${newest}, and machines take 3.${FIRST_MINOR} or newer. ${fix}`;
  }
  if (environment.kind !== 'requirements') return null;
  const bytes = packed(environment.text).length;
  if (bytes <= REQUIREMENTS_BYTES) return null;
  const size = `take ${bytes} bytes in a machine's boot script, which has room for ${REQUIREMENTS_BYTES}`;
  return `The packages ${size}: leave away hashes and comments, or use a container (image=) or an interpreter (python=) that has them`;
}
