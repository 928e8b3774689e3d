import { ALL_REGIONS } from '../spec/regions.ts';
import { type Complaint, shown } from './error.ts';
import { quoted } from './line.ts';
import { nearest } from './nearest.ts';
import type { BareWord, Option } from './option.ts';

/** The words that may follow the count. */
export interface Vocabulary {
  readonly bareWords: readonly BareWord[];
  /** Written as a value alone. */
  readonly region: Option;
  readonly options: readonly Option[];
  /** What the count is called in other tools. */
  readonly countElsewhere: readonly string[];
}

const LONGEST_REPEATED = 40;

/** Words of this grammar that say the same as others. */
interface Translation {
  readonly text: string;
  readonly takesValue: boolean;
}

/** How something that goes by this name, here or in another tool, is written here; undefined when nothing does. */
function translate(
  name: string,
  value: string | undefined,
  verb: string,
  vocabulary: Vocabulary,
): Translation | undefined {
  const { bareWords, region, options, countElsewhere } = vocabulary;
  const use = (example: string) => (value && value.length <= LONGEST_REPEATED ? value : example);
  const bare = bareWords.find(
    (word) => word.name === name || word.also.includes(name) || word.elsewhere.includes(name),
  );
  if (bare) return { text: bare.name, takesValue: false };
  const option = options.find((each) => each.name === name || each.elsewhere.includes(name));
  if (option) return { text: quoted(`${option.name}=${use(option.example)}`), takesValue: true };
  if (region.elsewhere.includes(name)) return { text: quoted(use(region.example)), takesValue: true };
  if (countElsewhere.includes(name)) return { text: `${verb} ${quoted(use('50'))}`, takesValue: true };
  const close = nearest(
    name,
    [...bareWords, ...options].map((each) => each.name),
  );
  return close === undefined ? undefined : translate(close, value, verb, vocabulary);
}

/** What is wrong with a word after the count that means nothing. */
export function unknownWord(text: string, verb: string, vocabulary: Vocabulary): Complaint {
  const { bareWords, options, countElsewhere } = vocabulary;
  const word = text.toLowerCase();
  const expected = 'a word such as spot, a region such as eu-west-2 or an option such as ttl=4h';
  const equals = text.indexOf('=');
  if (equals > 0) return unknownOption(text.slice(0, equals).toLowerCase(), text.slice(equals + 1), verb, vocabulary);
  const option = options.find(({ name }) => name === word);
  if (option) return { problem: `${word} has no value`, expected, nearest: `${word}=${option.example}` };
  if (word.startsWith('..') || word.endsWith('..')) {
    return {
      problem: `${shown(text)} stands apart from its count`,
      expected: 'a range without spaces, such as 20..100',
    };
  }
  if (/^-?\d[\d.]*$/.test(word))
    return { problem: `a second count, ${shown(text)}`, expected: `one, right after ${verb}` };
  if (countElsewhere.includes(word)) return { problem: `unknown word ${word}`, expected: 'the count alone' };
  const meant =
    bareWords.find(({ elsewhere }) => elsewhere.includes(word))?.name ??
    nearest(word, [...bareWords.flatMap(({ name, also }) => [name, ...also]), ...ALL_REGIONS]) ??
    translate(word, undefined, verb, vocabulary)?.text;
  return { problem: `unknown word ${shown(text)}`, expected, ...(meant !== undefined && { nearest: meant }) };
}

function unknownOption(name: string, value: string, verb: string, vocabulary: Vocabulary): Complaint {
  const { bareWords, options } = vocabulary;
  const bare = bareWords.find((word) => word.name === name || word.also.includes(name));
  if (bare) return { problem: `${name} takes no value`, expected: name, nearest: name };
  const meant = translate(name, value, verb, vocabulary);
  return {
    problem: `no option ${shown(name)}`,
    expected: `one of ${options.map((option) => `${option.name}=`).join(' ')}`,
    ...(meant && { nearest: meant.text }),
  };
}

/** A word in the style of other tools' flags, which this grammar has none of: `--spot`, `-n`. */
export const FLAG = /^(?:--?|—|–)([a-z][a-z0-9_-]*)(?:=(.*))?$/is;

/**
 * What is wrong with a flag and how it is written here, and whether the word behind it seems to be its value.
 * Without a vocabulary, the verb takes no such words at all.
 */
export function unknownFlag(
  flag: string,
  following: string | undefined,
  verb: string,
  vocabulary: Vocabulary | null,
): Complaint & { readonly withNext: boolean } {
  const [, written = '', given] = FLAG.exec(flag) ?? [];
  const name = written.toLowerCase().replaceAll('_', '-');
  const next = following !== undefined && !/^[-—–]/.test(following) ? following : undefined;
  const problem = `flags are not used here: ${shown(flag)}`;
  if (name === 'help' || name === 'h') return { problem, expected: 'help', nearest: `help ${verb}`, withNext: false };
  if (vocabulary === null) return { problem, expected: `${verb} without it`, withNext: false };
  const meant = translate(name, given ?? next, verb, vocabulary);
  if (meant === undefined) {
    return { problem, expected: 'words such as spot and options such as ttl=4h', withNext: false };
  }
  const withNext = meant.takesValue && given === undefined && next !== undefined;
  return {
    problem: withNext ? `${problem} ${shown(next)}` : problem,
    expected: meant.text,
    nearest: meant.text,
    withNext,
  };
}
