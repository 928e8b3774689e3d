import type { Limit, Limits } from '../spec/limits.ts';
import type { Request } from './command.ts';
import type { Word } from './line.ts';
import type { Notation } from './notation.ts';
import type { Reader } from './reader.ts';

/** What every word of a request has. */
interface Entry {
  /** As it is written canonically; an option's without the `=`. */
  readonly name: string;
  /** One line. */
  readonly help: string;
  /** What a request can say only once: two words of the same subject contradict each other. */
  readonly subject: string;
  /** Names it has in other tools. */
  readonly elsewhere: readonly string[];
}

/** A word that says something by being there. */
export interface BareWord extends Entry {
  /** Other ways to write it here. */
  readonly also: readonly string[];
  /** What it says. */
  readonly says: Partial<Request>;
  readonly saidBy: (request: Request) => boolean;
}

/** A word of the form `name=value`. */
export interface Option extends Entry {
  /** A value to show. */
  readonly example: string;
  /** A noun phrase with examples of its values. */
  readonly expected: string;
  /** The value that a word without a name seems to be; undefined when it looks like none of this option. */
  readonly alone: (text: string) => string | undefined;
  /** What else a value says, that another word may contradict. */
  readonly alsoAbout: (text: string) => string | undefined;
  /** What holds without it, in words. */
  readonly absent: (limits: Limits) => string;
  /** The most it may say, in words; undefined when there is no such limit. */
  readonly most: (limits: Limits) => string | undefined;
  /** Reads the value, which begins at `from` in the word's text. Throws what a {@link Reader} throws. */
  readonly read: (reader: Reader, word: Word, from: number) => Partial<Request>;
  /** The value as it is written; undefined when the request does not say. */
  readonly write: (request: Request) => string | undefined;
}

/** A row of the table of bare words. */
export function bareWord(
  row: Pick<BareWord, 'name' | 'help' | 'subject' | 'says' | 'saidBy'> & Partial<Pick<BareWord, 'also' | 'elsewhere'>>,
): BareWord {
  return { also: [], elsewhere: [], ...row };
}

interface OptionRow<T>
  extends Pick<Option, 'name' | 'help' | 'example'>,
    Partial<Pick<Option, 'subject' | 'elsewhere' | 'alone'>> {
  readonly value: Notation<T>;
  readonly alsoAbout?: (value: T) => string | undefined;
  readonly get: (request: Request) => T | undefined;
  readonly set: (value: T) => Partial<Request>;
}

/** An {@link Option.alone}: what a text of this pattern is written as, itself without a replacement. */
export function like(pattern: RegExp, replacement = '$&'): Option['alone'] {
  return (text) => (pattern.test(text) ? text.replace(pattern, replacement) : undefined);
}

/** A row of the table of options, without a limit: `absent` tells what holds when it is not said. */
export function option<T>(row: OptionRow<T> & { readonly absent: string }): Option {
  const { name, help, example, value, get, set } = row;
  return {
    name,
    help,
    example,
    subject: row.subject ?? name,
    elsewhere: row.elsewhere ?? [],
    expected: value.expected,
    alone: row.alone ?? (() => undefined),
    alsoAbout(text) {
      const reading = row.alsoAbout && value.parse(text);
      return reading?.ok ? row.alsoAbout?.(reading.value) : undefined;
    },
    absent: () => row.absent,
    most: () => undefined,
    read: (reader, word, from) => set(reader.value(word, value, from)),
    write(request) {
      const said = get(request);
      return said === undefined ? undefined : value.format(said);
    },
  };
}

/** A row of the table of options whose default and maximum are an installation's. */
export function limited(row: OptionRow<number> & { readonly limit: (limits: Limits) => Limit }): Option {
  const { value, limit, set } = row;
  return {
    ...option({ ...row, absent: '' }),
    absent: (limits) => value.format(limit(limits).default),
    most: (limits) => value.format(limit(limits).max),
    read: (reader, word, from) => set(reader.limited(word, value, limit(reader.limits), from)),
  };
}
