import { providerOf } from '../spec/regions.ts';
import type { Request } from './command.ts';
import type { Word } from './line.ts';
import type { BareWord, Option } from './option.ts';
import type { Reader } from './reader.ts';

/** The words that may follow the count. */
export interface Vocabulary {
  readonly bareWords: readonly BareWord[];
  /** Written as a value alone. */
  readonly region: Option;
  readonly options: readonly Option[];
  /** What the count is called in other tools. */
  readonly countElsewhere: readonly string[];
}

/** The row of the table that a word belongs to, and how to read the word by it. */
export interface Entry {
  readonly name: string;
  /** What it is about, and what else it says. */
  readonly subjects: readonly string[];
  readonly read: (reader: Reader, word: Word) => Partial<Request>;
}

/** The entry of a word; undefined when it means nothing here. */
export function entryOf(text: string, { bareWords, region, options }: Vocabulary): Entry | undefined {
  const word = text.toLowerCase();
  const bare = bareWords.find(({ name, also }) => name === word || also.includes(word));
  if (bare) return { name: bare.name, subjects: [bare.subject], read: () => bare.says };
  const equals = text.indexOf('=');
  const option = options.find(({ name }) => name === word.slice(0, Math.max(0, equals)));
  if (option) {
    const also = option.alsoAbout(text.slice(equals + 1));
    const subjects = also === undefined ? [option.subject] : [option.subject, also];
    return { name: option.name, subjects, read: (reader, at) => option.read(reader, at, equals + 1) };
  }
  if (equals < 0 && looksLikeRegions(word)) {
    return { name: region.name, subjects: [region.subject], read: (reader, at) => region.read(reader, at, 0) };
  }
  return undefined;
}

function looksLikeRegions(word: string): boolean {
  return providerOf(word) !== undefined || word.includes('+') || /^[a-z]+-[a-z]+-?\d[a-z\d-]*$/.test(word);
}
