import { namedBy } from '@daskup/core/command/named';
import { nearest } from '@daskup/core/command/nearest';
import { BARE_WORDS, OPTIONS, REGION, VOCABULARY } from '@daskup/core/command/words';

/** A word that is the terminal's and not the grammar's. */
interface OwnWord {
  readonly name: string;
  /** With what follows it. */
  readonly usage: string;
  /** One line. */
  readonly help: string;
}

/** What only makes sense in a terminal: help and the reference tell it after the grammar. */
export const OWN_WORDS: readonly OwnWord[] = [
  { name: 'serve', usage: 'serve', help: 'run the server in the foreground, as a service would' },
  {
    name: 'sweep',
    usage: 'sweep local|aws',
    help: "end all of daskup's on this computer or in an AWS account, whoever asked for it: needs no server and no store",
  },
  {
    name: 'doctor',
    usage: 'doctor aws [WORDS OF AN UP]',
    help: 'look at all that clusters on AWS could fail on, and say how to mend it; doctor aws --policy prints the least policy',
  },
  {
    name: 'bake',
    usage: 'bake aws [REGION] [arm] [env=FILE] [image=AMI]',
    help: 'make machine images that have the environment already, so that clusters there install nothing as they boot; bake aws ls lists them, bake aws rm AMI deletes',
  },
  { name: 'export', usage: 'export FILE', help: 'write the whole store to a file: a backup, or to move it' },
  { name: 'import', usage: 'import FILE', help: 'fill a store that no server has used yet from such a file' },
  {
    name: 'completion',
    usage: 'completion bash|zsh',
    help: 'what your shell needs to complete commands: eval "$(daskup completion bash)"',
  },
  { name: '--json', usage: '--json', help: 'answer in one line of JSON, also what went wrong' },
  { name: '--yes', usage: '--yes', help: 'ask nothing: down --all needs it where nobody can answer' },
  { name: '--version', usage: '--version', help: 'tell the version' },
];

/** Names that a flag of another tool may have, of which the grammar says how it is written here. */
const GRAMMAR = new Set([
  ...[...BARE_WORDS, ...OPTIONS, REGION].flatMap(({ name, elsewhere }) => [name, ...elsewhere]),
  ...VOCABULARY.countElsewhere,
]);

/** The terminal's own word that was probably meant; flags are near to flags alone. */
export function ownWordMeant(word: string): string | undefined {
  const isFlag = (text: string) => text.startsWith('--');
  if (isFlag(word) && GRAMMAR.has(namedBy(word).name)) return undefined;
  return nearest(
    word,
    OWN_WORDS.map(({ name }) => name).filter((name) => isFlag(name) === isFlag(word)),
  );
}
