import { ALL_REGIONS, providerOf } from '../spec/regions.ts';
import { type Argument, COUNT } from './argument.ts';
import type { Request } from './command.ts';
import type { Complaint } from './error.ts';
import type { Word } from './line.ts';
import type { Reader } from './reader.ts';
import { unknownWord, type Vocabulary } from './unknown.ts';

/** The row of the table that a word belongs to, and how to read the word by it. */
interface Entry {
  readonly name: string;
  readonly subject: string;
  readonly read: (reader: Reader, word: Word) => Partial<Request>;
}

/** A count and any words of the vocabulary, in any order. */
export function requestOf(vocabulary: Vocabulary): Argument<Request> {
  const { bareWords, region, options } = vocabulary;
  return {
    usage: `${COUNT.usage} [WORD ...]`,
    read(reader: Reader) {
      let request: Request = { workers: COUNT.read(reader) };
      const said = new Map<string, { readonly entry: Entry; readonly word: Word }>();
      for (const word of reader.rest()) {
        const entry = entryOf(word.text, vocabulary);
        if (entry === undefined) reader.reject(word, unknownWord(word.text, reader.verb, vocabulary));
        const earlier = said.get(entry.subject);
        if (earlier) reader.reject(word, contradiction(earlier.entry, entry, vocabulary));
        request = { ...request, ...entry.read(reader, word) };
        said.set(entry.subject, { entry, word });
      }
      return request;
    },
    write: (request) => [
      ...COUNT.write(request.workers),
      ...bareWords.filter((word) => word.saidBy(request)).map((word) => word.name),
      ...written(region.write(request), ''),
      ...options.flatMap((option) => written(option.write(request), `${option.name}=`)),
    ],
    candidates({ before, fragment }) {
      if (before.length === 0) return [];
      const said = new Set(before.slice(1).map((text) => entryOf(text, vocabulary)?.subject));
      const open = ({ subject }: Pick<Entry, 'subject'>) => !said.has(subject);
      return [
        ...bareWords.filter(open).map(({ name }) => name),
        ...options.filter(open).map(({ name }) => `${name}=`),
        ...(open(region) ? regionsAfter(fragment) : []),
      ];
    },
  };
}

function written(value: string | undefined, prefix: string): string[] {
  return value === undefined ? [] : [prefix + value];
}

function entryOf(text: string, { bareWords, region, options }: Vocabulary): Entry | undefined {
  const word = text.toLowerCase();
  const bare = bareWords.find(({ name, also }) => name === word || also.includes(word));
  if (bare) return { name: bare.name, subject: bare.subject, read: () => bare.says };
  const equals = text.indexOf('=');
  const option = options.find(({ name }) => name === word.slice(0, Math.max(0, equals)));
  if (option) return { ...option, read: (reader, at) => option.read(reader, at, equals + 1) };
  if (equals < 0 && looksLikeRegions(word)) return { ...region, read: (reader, at) => region.read(reader, at, 0) };
  return undefined;
}

function looksLikeRegions(word: string): boolean {
  return providerOf(word) !== undefined || word.includes('+') || /^[a-z]+-[a-z]+-?\d[a-z\d-]*$/.test(word);
}

function contradiction(earlier: Entry, entry: Entry, { region }: Vocabulary): Complaint {
  if (entry.subject === region.subject) return { problem: 'regions are given twice', expected: 'them joined by +' };
  if (entry.name === earlier.name) return { problem: `${entry.name} is given twice`, expected: 'it once' };
  return { problem: `${entry.name} contradicts ${earlier.name}`, expected: 'only one of them' };
}

function regionsAfter(fragment: string): string[] {
  const typed = fragment.slice(0, fragment.lastIndexOf('+') + 1);
  const chosen = typed.split('+');
  return ALL_REGIONS.filter((region) => !chosen.includes(region)).map((region) => typed + region);
}
