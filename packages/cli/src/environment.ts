import { accessSync, constants, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from '@daskup/core/command/command';
import type { Environment } from '@daskup/core/spec/spec';

/**
 * What `python=` and `env=` name: the server may run elsewhere, so a file goes along by its text.
 * @throws {Error} when there is no such file, in words for the one who typed it.
 */
export function environmentOf(command: Command): Environment | null {
  if (command.verb !== 'up' && command.verb !== 'plan') return null;
  const { python, env } = command.request;
  if (python !== undefined) {
    const path = resolve(python);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      throw new Error(`python=${python}: there is no program at ${path}`);
    }
    return { kind: 'python', path };
  }
  if (env !== undefined) {
    const path = resolve(env);
    try {
      return { kind: 'requirements', text: readFileSync(path, 'utf8') };
    } catch {
      throw new Error(`env=${env}: there is no file at ${path} that can be read`);
    }
  }
  return null;
}
