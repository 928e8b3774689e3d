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

if (rest[0] === 'serve' && rest.length === 1) {
  await import('@daskup/server/main');
} else {
  // `daskup`, `daskup --help` and `daskup -h` are what people try first.
  const line = rest.length === 0 || ['--help', '-h'].includes(rest[0] ?? '') ? 'help' : lineOf(rest);
  const parsed = parse(line);
  if (parsed.ok) process.exitCode = await run(parsed.command, line);
  else {
    if (options.json) console.log(JSON.stringify({ error: parsed.error.message }));
    console.error(`daskup: ${renderError(line, parsed.error)}`);
    process.exitCode = BAD_COMMAND;
  }
}

// Everything but help needs the server's client, and is loaded only then.
async function run(command: Command, line: string): Promise<number> {
  if (command.verb === 'help') {
    const { help } = await import('@daskup/core/command/help');
    console.log(help(command.word));
    return 0;
  }
  const { perform } = await import('./perform.ts');
  return perform(command, line, options);
}
