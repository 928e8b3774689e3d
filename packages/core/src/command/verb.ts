import type { Argument, Typing } from './argument.ts';
import type { Command, Payloads, Verb } from './command.ts';
import { quoted } from './line.ts';
import type { Reader } from './reader.ts';

/** A verb's row of the table: what it is for, and both ways between its words and the command. */
export interface VerbWords<V extends Verb> {
  /** One line. */
  readonly help: string;
  readonly examples: readonly string[];
  /** Names it has in other tools. */
  readonly elsewhere: readonly string[];
  /** The whole line, as a pattern. */
  readonly usage: string;
  readonly takesRequest: boolean;
  /** Throws what a {@link Reader} throws. */
  readonly read: (reader: Reader) => Command<V>;
  /** The canonical line. */
  readonly write: (command: Command<V>) => string;
  readonly candidates: (typing: Typing) => readonly string[];
  readonly takesFlag: (text: string) => boolean;
}

/** The arguments that make a payload's fields, in the order in which they are written. */
type Takes<P> = { readonly [F in keyof P]-?: Argument<P[F]> };

/** A row of the table of verbs. */
export function verb<V extends Verb>(
  name: V,
  row: Pick<VerbWords<V>, 'help' | 'examples' | 'elsewhere'> & { readonly takes: Takes<Payloads[V]> },
): VerbWords<V> {
  const { help, examples, elsewhere, takes } = row;
  const taken: readonly Pick<Argument<unknown>, 'usage' | 'candidates' | 'takesFlag'>[] = Object.values(takes);
  return {
    help,
    examples,
    elsewhere,
    usage: [name, ...taken.map(({ usage }) => usage)].join(' '),
    takesRequest: 'request' in takes,
    read(reader) {
      const payload: Partial<Payloads[V]> = {};
      for (const field in takes) {
        const value = takes[field].read(reader);
        if (value !== undefined) payload[field] = value;
      }
      // Every field that must be there has an argument that reads it or throws.
      return { verb: name, ...payload } as Command<V>;
    },
    write(command: Payloads[V]) {
      const words: string[] = [name];
      for (const field in takes) {
        const value = command[field];
        if (value !== undefined) words.push(...takes[field].write(value));
      }
      return words.map(quoted).join(' ');
    },
    candidates: (typing) => taken.flatMap((argument) => argument.candidates(typing)),
    takesFlag: (text) => taken.some((argument) => argument.takesFlag?.(text) === true),
  };
}
