import { type Complaint, shown } from './error.ts';
import { guess } from './guess.ts';
import { lineOf, type Word } from './line.ts';
import { type Named, namedBy } from './named.ts';
import type { Reader } from './reader.ts';
import { entryOf, type Vocabulary } from './vocabulary.ts';

/** Complains of a word that means nothing where words of the vocabulary stand. */
export function rejectUnknown(reader: Reader, word: Word, vocabulary: Vocabulary): never {
  const { words, verb } = reader;
  const index = words.indexOf(word);
  const named = namedBy(word.text);
  const { nearest, first, last } = guess({ words, index, named, vocabulary }) ?? { first: index, last: index };
  const said = words.slice(index, last + 1).map(({ text }) => shown(text));
  const complaint = complaintOf(said.join(' '), named, verb, vocabulary);
  const place = { start: words[first]?.start ?? word.start, end: words[last]?.end ?? word.end };
  reader.reject(place, nearest === undefined ? complaint : { ...complaint, nearest });
}

function complaintOf(said: string, { flag, name, sign }: Named, verb: string, vocabulary: Vocabulary): Complaint {
  const expected = 'a word such as spot, a region such as eu-west-2 or an option such as ttl=4h';
  if (flag) {
    return { problem: `flags are not used here: ${said}`, expected: 'words such as spot and options such as ttl=4h' };
  }
  if (sign !== '=' && entryOf(`${name}=`, vocabulary)) {
    return { problem: said.length === name.length ? `${name} has no value` : `a = is missing in ${said}`, expected };
  }
  if (sign && entryOf(name, vocabulary))
    return { problem: `${name} takes no value`, expected: 'the word alone, or nothing' };
  if (sign) {
    const options = vocabulary.options.map((option) => `${option.name}=`);
    return { problem: `no option ${said.slice(0, name.length)}`, expected: `one of ${options.join(' ')}` };
  }
  if (/^\.\.|\.\.$/.test(said)) {
    return { problem: `${said} stands apart from its count`, expected: 'a range without spaces, such as 20..100' };
  }
  if (/^-?\d[\d.]*$/.test(said)) return { problem: `a second count, ${said}`, expected: `one, right after ${verb}` };
  return { problem: `unknown word ${said}`, expected };
}

/**
 * Complains of a word in the style of other tools' flags.
 * @param usage the whole line of the verb.
 * @param vocabulary the words that the verb takes, if it does.
 */
export function rejectFlag(reader: Reader, flag: Word, usage: string, vocabulary: Vocabulary | null): never {
  const { verb, words } = reader;
  const { name, value } = namedBy(flag.text);
  const asksHelp = name === 'help' || name === 'h';
  if (vocabulary && !asksHelp) rejectUnknown(reader, flag, vocabulary);
  const own = usage.split(/[^a-z0-9-]+/).find((word) => word === name || word === `--${name}`);
  const left = words.flatMap((word) => (word === flag ? (own ?? (value || [])) : word.text));
  reader.reject(
    { start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? flag.end },
    {
      problem: `flags are not used here: ${shown(flag.text)}`,
      expected: usage,
      nearest: asksHelp ? `help ${verb}` : lineOf(left),
    },
  );
}
