import type { Command } from '@daskup/core/command/command';
import { renderError } from '@daskup/core/command/error';
import { lineOf } from '@daskup/core/command/line';
import { parse } from '@daskup/core/command/parse';

const BAD_COMMAND = 2;

/** Words that are the terminal's and not the grammar's. */
const FLAGS = new Set(['--json', '--yes']);
const words = process.argv.slice(2);
const flags = new Set(words.filter((word) => FLAGS.has(word)));
const rest = words.filter((word) => !flags.has(word));
const options = { json: flags.has('--json'), yes: flags.has('--yes') };

/** What only makes sense in a terminal. */
const OWN_HELP = `In a terminal also:

  serve                run the server in the foreground, as a service would
  completion bash|zsh  what your shell needs to complete commands: eval "$(daskup completion bash)"
  --json               answer in JSON
  --yes                ask nothing`;

// `daskup`, `daskup --help` and `daskup -h` are what people try first.
const asksHelp = rest.length === 0 || ['--help', '-h'].includes(rest[0] ?? '');
if (rest[0] === 'serve' && rest.length === 1) await import('@daskup/server/main');
else if (rest[0] === 'completion' || rest[0] === 'complete') await completion(rest[0], rest[1] ?? '');
else process.exitCode = await run(asksHelp ? 'help' : lineOf(rest));

async function run(line: string): Promise<number> {
  const parsed = parse(line);
  if (parsed.ok) return carryOut(parsed.command, line);
  const { error } = parsed;
  if (options.json) console.log(JSON.stringify({ error: error.message, start: error.start, end: error.end }));
  console.error(process.stderr.isTTY ? renderError(line, error) : `daskup: ${error.message}`);
  return BAD_COMMAND;
}

// Everything but help needs the server's client, and is loaded only then.
async function carryOut(command: Command, line: string): Promise<number> {
  if (command.verb === 'help') {
    const { help } = await import('@daskup/core/command/help');
    console.log(command.word === undefined ? `${help()}\n\n${OWN_HELP}` : help(command.word));
    return 0;
  }
  const { perform } = await import('./perform.ts');
  return perform(command, line, options);
}

async function completion(verb: 'completion' | 'complete', word: string): Promise<void> {
  const { completions, completionScript, SHELLS } = await import('./completion.ts');
  const shell = SHELLS.find((name) => name === word);
  if (verb === 'complete') console.log((await completions(word)).join('\n'));
  else if (shell) console.log(completionScript(shell));
  else {
    console.error(`daskup: completion needs a shell: ${SHELLS.join(' or ')}`);
    process.exitCode = BAD_COMMAND;
  }
}
