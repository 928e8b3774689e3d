import type { Command } from '@daskup/core/command/command';
import { renderError } from '@daskup/core/command/error';
import { lineOf } from '@daskup/core/command/line';
import { nearest } from '@daskup/core/command/nearest';
import { parse } from '@daskup/core/command/parse';
import { failure } from './failure.ts';
import { OWN_WORDS, ownWordMeant } from './own-words.ts';

const BAD_COMMAND = 2;

/** These two stand anywhere. */
const FLAGS = new Set(['--json', '--yes']);
const words = process.argv.slice(2);
const flags = new Set(words.filter((word) => FLAGS.has(word)));
const rest = words.filter((word) => !flags.has(word));
const options = { json: flags.has('--json'), yes: flags.has('--yes') };
const [first = '', second = ''] = rest;

// `daskup`, `daskup --help` and `daskup -h` are what people try first.
if (['', '--help', '-h'].includes(first)) process.exitCode = await run('help');
else if (first === 'serve') await serve();
else if (first === 'completion' || first === 'complete') await completion(first, second);
else if (first === 'export' || first === 'import') {
  const { transfer } = await import('./transfer.ts');
  process.exitCode = await transfer(first, rest.slice(1), options.json);
} else if (first === 'sweep') process.exitCode = await (await import('./sweep.ts')).sweep(rest.slice(1), options);
else if (first === 'bake') process.exitCode = await (await import('./bake.ts')).bake(rest.slice(1), options);
else if (first === 'doctor') process.exitCode = await (await import('./doctor.ts')).doctor(rest.slice(1), options);
else if (first === '--version') await version();
else if (first === 'help' && OWN_WORDS.some(({ name }) => name === second)) helpOnOwn(second);
else process.exitCode = await run(lineOf(rest));

async function run(line: string): Promise<number> {
  const parsed = parse(line);
  if (parsed.ok) return carryOut(parsed.command, line);
  const { error } = parsed;
  for (const word of rest) {
    const meant = ownWordMeant(word);
    // Of two that are as near to a line's first word, the grammar's comes first.
    const isNearer = meant && nearest(word, [error.nearest ?? meant, meant]) === meant;
    if (meant && (word.startsWith('--') || (word === first && isNearer)))
      return refuse(`no ${word.startsWith('--') ? 'flag' : 'command'} ${word}; did you mean ${meant}?`);
  }
  if (options.json) console.log(JSON.stringify({ error: error.message, start: error.start, end: error.end }));
  console.error(process.stderr.isTTY ? renderError(line, error) : `daskup: ${error.message}`);
  return BAD_COMMAND;
}

function refuse(message: string): number {
  return failure(BAD_COMMAND, message, options);
}

// Everything but help needs the server's client, and is loaded only then.
async function carryOut(command: Command, line: string): Promise<number> {
  if (command.verb === 'help') {
    const { help } = await import('@daskup/core/command/help');
    console.log(command.word === undefined ? `${help()}\n\n${await ownHelp()}` : help(command.word));
    return 0;
  }
  const { perform } = await import('./perform.ts');
  return perform(command, line, options);
}

async function ownHelp(): Promise<string> {
  const { table } = await import('@daskup/core/command/table');
  return `In a terminal also:\n\n${table(OWN_WORDS.map(({ usage, help }) => [usage, help]))}`;
}

function helpOnOwn(word: string): void {
  for (const { name, usage, help } of OWN_WORDS) if (name === word) console.log(`${usage}\n\n  ${help}`);
}

async function serve(): Promise<void> {
  if (rest.length === 1) await import('@daskup/server/main');
  else process.exitCode = refuse('serve stands alone: its settings are environment variables (docs/architecture.md)');
}

async function version(): Promise<void> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  console.log(`daskup ${about.version}`);
}

async function completion(verb: 'completion' | 'complete', word: string): Promise<void> {
  const { completions, completionScript, SHELLS } = await import('./completion.ts');
  const shell = SHELLS.find((name) => name === word);
  if (verb === 'complete') console.log((await completions(word)).join('\n'));
  else if (shell) console.log(completionScript(shell));
  else process.exitCode = refuse(`completion needs a shell: ${SHELLS.join(' or ')}`);
}
