import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, resolve } from 'node:path';
import type { Command } from '@daskup/core/command/command';
import type { Environment } from '@daskup/core/spec/spec';

/**
 * What `python=` and `env=` name: the server may run elsewhere, so a file goes along by its text.
 * @param searched the folders in which a program's name alone is looked up, as `PATH` lists them.
 * @throws {Error} when there is no such file, in words for the one who typed it.
 */
export function environmentOf(command: Command, searched = process.env.PATH ?? ''): Environment | null {
  if (command.verb !== 'up' && command.verb !== 'plan') return null;
  const { python, env } = command.request;
  if (python !== undefined) return { kind: 'python', path: interpreter(python, searched) };
  if (env !== undefined) {
    const path = pathOf(env);
    try {
      return { kind: 'requirements', text: readFileSync(path, 'utf8') };
    } catch {
      throw new Error(`env=${env}: there is no file at ${path} that can be read`);
    }
  }
  return null;
}

/** As a shell finds it: by its path, or a name alone in the folders of `PATH`. */
function interpreter(python: string, searched: string): string {
  if (python.includes('/')) {
    const path = pathOf(python);
    if (!isProgram(path)) throw new Error(`python=${python}: there is no program at ${path}`);
    return path;
  }
  const found = searched
    .split(delimiter)
    .map((folder) => resolve(folder, python))
    .find(isProgram);
  if (!found) throw new Error(`python=${python}: no folder of PATH has a program of that name`);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Absolute; a shell leaves the `~` of `env=~/requirements.txt` to the program. */
function pathOf(typed: string): string {
  return resolve(typed.replace(/^~(?=\/)/, homedir()));
}
