import { reference as ofGrammar } from '@daskup/core/command/reference';
import { OWN_WORDS } from './own-words.ts';

/** The command reference, in Markdown: the grammar, and what a terminal adds to it. */
export function reference(): string {
  const sections = [
    '## In a terminal',
    'A command is what follows `daskup`: `daskup up 4 spot`. A terminal has some words of its own, of ' +
      'which `--json` and `--yes` stand anywhere.',
    OWN_WORDS.map(({ usage, help }) => `- \`${usage}\`: ${help.replace(/eval .*/, '`$&`')}`).join('\n'),
    'The shell reads quotes before daskup does, single or double ones: `env="my file.txt"` and `\'env=my file.txt\'` are the ' +
      'same word. It takes `$40` for a variable, so write `40usd`. `python=python3` is looked up on the `PATH`, and a path ' +
      'may begin with `~/`.',
    'The exit code is 0 when it is done, 1 when it did not work out, 2 when the command was wrong and nothing was ' +
      'done, and 128 and the number of the signal when one ended it: 130 for Ctrl-C.',
  ];
  return `${ofGrammar()}\n${sections.join('\n\n')}\n`;
}
