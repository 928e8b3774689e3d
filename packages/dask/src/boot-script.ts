import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Boot } from '@daskup/core/provision/provider';
import type { Environment } from '@daskup/core/spec/spec';
import { stringify } from 'yaml';
import { softwareOf } from './environment.ts';
import type { Platform } from './platform.ts';
import { shellWord } from './shell-word.ts';

/** EC2 takes no more user data than this before base64; bytes. Source: EC2 user guide, "Run commands at launch". */
export const MAX_BYTES = 16_384;

/** What of that a requirements file may take, as the script holds it; bytes. */
const REQUIREMENTS_BYTES = 4_500;
/** Texts from this size on are packed; bytes. Unpacking starts two programs, which many machines on one computer would feel. */
const PACK_FROM_BYTES = 2_000;

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
// Comments and indentation are for its readers, and would take a machine's room.
const MACHINE = read('machine.sh').replaceAll(/^ *(#.*\n)?/gm, '');
const PRELOAD = { scheduler: read('python/control.py'), worker: read('python/worker.py') };

const PAIR = { cert: './cert.pem', key: './key.pem' };
const DASK_CONFIG = stringify(
  {
    distributed: {
      // None of Dask's own HTTP routes ask for a certificate, so none are served.
      scheduler: { 'allowed-failures': 10, http: { routes: [] } },
      worker: { http: { routes: [] } },
      comm: {
        'require-encryption': true,
        // Workers boot beside their scheduler, and may be there first.
        timeouts: { connect: '300s' },
        tls: { 'ca-file': './ca.pem', scheduler: PAIR, worker: PAIR, client: PAIR },
      },
    },
  },
  { aliasDuplicateObjects: false },
);

/**
 * The whole life of a machine as one bash script, its secrets included: the same on every provider but for the few lines
 * by which a machine learns who it is.
 * @throws {Error} when it is larger than {@link MAX_BYTES}, which no environment without an {@link environmentProblem} makes it.
 */
export function bootScript(boot: Boot, platform: Platform): string {
  const software = softwareOf(boot.environment);
  const variables: Record<string, string | number> = {
    DASKUP_ROLE: boot.role,
    DASKUP_CLUSTER: boot.clusterName,
    DASKUP_SCHEDULER: boot.scheduler.address,
    DASKUP_PORT: boot.scheduler.port,
    DASKUP_CONTROL_PORT: boot.scheduler.controlPort,
    DASKUP_DEADLINE: Math.floor(boot.expiresAt / 1000),
    DASKUP_JOIN_SECONDS: boot.joinSeconds,
    DASKUP_IDLE_SECONDS: boot.idleSeconds,
    ...('python' in software ? { DASKUP_PYTHON: software.python } : { DASKUP_ENVIRONMENT: software.cacheKey }),
  };
  const files: Record<string, string> = {
    'ca.pem': boot.ca,
    'cert.pem': boot.identity.cert,
    'key.pem': boot.identity.key,
    'dask.yaml': DASK_CONFIG,
    'preload.py': PRELOAD[boot.role],
    ...('requirements' in software ? { 'requirements.txt': software.requirements } : {}),
  };
  const script = [
    '#!/bin/bash',
    'umask 077',
    platform.identify.trimEnd(),
    `export ${Object.entries(variables)
      .map(([name, value]) => `${name}=${shellWord(String(value))}`)
      .join(' ')}`,
    ...Object.entries(files).map(([name, text]) => `${printed(text)} >"$DASKUP_DIR/${name}"`),
    MACHINE,
  ].join('\n');
  const bytes = Buffer.byteLength(script);
  if (bytes > MAX_BYTES) throw new Error(`The boot script would be ${bytes} bytes, and a machine takes ${MAX_BYTES}`);
  return script;
}

/** Why no machine could be given this environment, in words; null when one can. */
export function environmentProblem(environment: Environment): string | null {
  if (environment.kind !== 'requirements') return null;
  const bytes = Buffer.byteLength(printed(environment.text));
  if (bytes <= REQUIREMENTS_BYTES) return null;
  const size = `takes ${bytes} bytes in a machine's boot script, which has room for ${REQUIREMENTS_BYTES}`;
  return `The requirements file ${size}: leave away hashes and comments, or use an interpreter that has the packages (python=)`;
}

/** Bash that prints the text. */
function printed(text: string): string {
  if (Buffer.byteLength(text) < PACK_FROM_BYTES) return `printf %s ${shellWord(text)}`;
  return `base64 -d <<<${gzipSync(text, { level: 9 }).toString('base64')} | gzip -d`;
}
