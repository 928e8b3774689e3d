import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import type { Command } from '@daskup/core/command/command';
import { isFile } from '@daskup/core/command/software';
import { messageOf } from '@daskup/core/message';
import type { Environment, Requirements } from '@daskup/core/spec/spec';
import { clientEnvironment, pythonIn } from './client-environment.ts';

/**
 * What `python=` or a file names, and without a word on software what this shell's own environment has: the server may
 * run elsewhere, so a file goes along by its text. Null where there is nothing to send.
 * @param env the shell's variables: in the folders of `PATH` a program's name alone is looked up.
 * @throws {Error} when there is no such file, in words for the one who typed it.
 */
export async function environmentOf(
  command: Command,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Environment | null> {
  if (command.verb === 'env' && command.task.do === 'add') return packagesIn(command.task.file, command.task.file);
  if (command.verb !== 'up' && command.verb !== 'plan') return null;
  const { python, env: named, image } = command.request;
  if (python !== undefined) return { kind: 'python', path: interpreter(python, env.PATH ?? '') };
  if (named !== undefined) return isFile(named) ? packagesIn(named, `env=${named}`) : null;
  return image === undefined ? clientEnvironment(env) : null;
}

/** Files that tools of Python write, which are no requirements file, and how to get one from each. */
const OTHERS: readonly { readonly names: RegExp; readonly make: string }[] = [
  { names: /\.ya?ml$/, make: 'pip list --format=freeze > requirements.txt' },
  { names: /^pyproject\.toml$/, make: 'uv lock, and give it uv.lock' },
  { names: /^pylock.*\.toml$|^pdm\.lock$/, make: 'uv export --no-hashes -o requirements.txt' },
  { names: /^poetry\.lock$/, make: 'poetry export --without-hashes -o requirements.txt' },
  { names: /^Pipfile(\.lock)?$/, make: 'pipenv requirements > requirements.txt' },
];

/** A line that names another file of this folder. A path from the root is there for machines of this computer. */
const HERE = /^\s*(-r|-c|--requirement|--constraint|(-e\s*|--editable[\s=]+)?\.)/;

/**
 * The packages that a file asks for: a requirements file, or a lock of uv.
 * @param typed the file as it was typed, and `said` the word that it was typed in.
 */
async function packagesIn(typed: string, said: string): Promise<Requirements> {
  const path = pathOf(typed);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Error(`${said}: there is no file at ${path} that can be read`);
  }
  const other = OTHERS.find(({ names }) => names.test(basename(path)));
  if (other) throw new Error(`${said}: that is no requirements file. Make one: ${other.make}`);
  if (text.includes('\0')) throw new Error(`${said}: that is no text, and so no requirements file`);
  if (path.endsWith('.lock') && /^version = /m.test(text)) return lockedIn(path, text, said);
  const elsewhere = text.split('\n').find((line) => HERE.test(line));
  if (elsewhere !== undefined) {
    throw new Error(
      `${said}: machines do not have what ${elsewhere.trim()} names. Write all packages into one file, such as by pip freeze`,
    );
  }
  return { kind: 'requirements', text, python: null };
}

async function lockedIn(path: string, text: string, said: string): Promise<Requirements> {
  // Few have one, and a parser of TOML takes longer to load than all else.
  const { requirementsOf } = await import('./uv-lock.ts');
  try {
    const locked = requirementsOf(text);
    // What the project itself runs on, where it has been installed.
    const own = pythonIn(join(dirname(path), '.venv'));
    return own === null ? locked : { ...locked, python: { from: own, to: own } };
  } catch (error) {
    throw new Error(`${said}: ${messageOf(error)}`);
  }
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
