import { ALL_REGIONS } from '../spec/regions.ts';
import { type Argument, COUNT } from './argument.ts';
import type { Request } from './command.ts';
import type { Complaint } from './error.ts';
import { namedBy } from './named.ts';
import type { Reader } from './reader.ts';
import { rejectUnknown } from './unknown.ts';
import { type Entry, entryOf, type Vocabulary } from './vocabulary.ts';

/** A count and any words of the vocabulary, in any order. */
export function requestOf(vocabulary: Vocabulary): Argument<Request> {
  const { bareWords, region, options, countElsewhere } = vocabulary;
  return {
    usage: `${COUNT.usage} [WORD ...]`,
    read(reader: Reader) {
      const first = reader.peek();
      if (first && countElsewhere.includes(namedBy(first.text).name)) rejectUnknown(reader, first, vocabulary);
      let request: Request = { workers: COUNT.read(reader) };
      const said = new Map<string, Entry>();
      for (const word of reader.rest()) {
        const entry = entryOf(word.text, vocabulary);
        if (entry === undefined) rejectUnknown(reader, word, vocabulary);
        const earlier = entry.subjects.flatMap((subject) => said.get(subject) ?? [])[0];
        if (earlier) reader.reject(word, contradiction(earlier, entry, vocabulary));
        request = { ...request, ...entry.read(reader, word) };
        for (const subject of entry.subjects) said.set(subject, entry);
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
      const said = new Set(before.slice(1).flatMap((text) => entryOf(text, vocabulary)?.subjects ?? []));
      const open = ({ subject }: { readonly subject: string }) => !said.has(subject);
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

function contradiction(earlier: Entry, entry: Entry, { region }: Vocabulary): Complaint {
  if (entry.name === region.name) return { problem: 'regions are given twice', expected: 'them joined by +' };
  if (entry.name === earlier.name) return { problem: `${entry.name} is given twice`, expected: 'it once' };
  return { problem: `${entry.name} contradicts ${earlier.name}`, expected: 'only one of them' };
}

function regionsAfter(fragment: string): string[] {
  const typed = fragment.slice(0, fragment.lastIndexOf('+') + 1);
  const chosen = typed.split('+');
  return ALL_REGIONS.filter((region) => !chosen.includes(region)).map((region) => typed + region);
}
