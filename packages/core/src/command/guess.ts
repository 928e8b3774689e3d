import { ALL_REGIONS, providerOf } from '../spec/regions.ts';
import { lineOf, quoted, type Word } from './line.ts';
import { type Named, namedBy } from './named.ts';
import { nearest } from './nearest.ts';
import { count } from './notation.ts';
import type { Option } from './option.ts';
import { entryOf, type Vocabulary } from './vocabulary.ts';

/** A word that means nothing where it stands. */
export interface Unknown {
  /** All words of the line, and the place among them. */
  readonly words: readonly Word[];
  readonly index: number;
  readonly named: Named;
  readonly vocabulary: Vocabulary;
}

/** What was probably meant, to stand in place of the words from one index up to and with another. */
export interface Guess {
  readonly nearest: string;
  readonly first: number;
  readonly last: number;
}

/** Guesses by the word's name, else by the value that it is or has, else by a name that it is near to. */
export function guess(unknown: Unknown): Guess | undefined {
  const { flag, name, sign, value } = unknown.named;
  // `spot=false` means anything but spot.
  if (/^(false|no|off)$/i.test(value ?? '')) return undefined;
  const isLetter = flag && name.length === 1;
  const certain =
    byName(unknown, name) ?? torn(unknown) ?? (isLetter || !(flag || sign) ? byValue(unknown) : undefined);
  // A letter is near to everything.
  if (certain || isLetter) return certain;
  const close = nearest(name, namesFor(unknown));
  return close === undefined ? undefined : (byName(unknown, close) ?? instead(unknown, close));
}

/** The names that a slip could have been. A bare word that has no value was hardly to be a short option. */
function namesFor({ words, index, named, vocabulary }: Unknown): readonly string[] {
  const { bareWords, options } = vocabulary;
  const bare = bareWords.flatMap(({ name, also }) => [name, ...also]);
  const optional = options.map(({ name }) => name);
  if (named.flag || named.sign) return [...bare, ...optional];
  const valued = named.name.length > 3 || /\d/.test(words[index + 1]?.text ?? '');
  return [...bare, ...ALL_REGIONS, ...(valued ? optional : [])];
}

/** How something that goes by this name, here or in another tool, is written here. */
function byName(unknown: Unknown, name: string): Guess | undefined {
  const { bareWords, region, options, countElsewhere } = unknown.vocabulary;
  const bare = bareWords.find((word) => [word.name, ...word.also, ...word.elsewhere].includes(name));
  if (bare) return instead(unknown, bare.name);
  if (countElsewhere.includes(name)) return counted(unknown);
  const option = [region, ...options].find((each) => each.name === name || each.elsewhere.includes(name));
  if (option === undefined) return undefined;
  const value = valueFor(unknown, (text) => [undefined, option.name].includes(entryOf(text, unknown.vocabulary)?.name));
  return said(unknown, option, value?.text ?? option.example, value?.last);
}

/** What two words are together: `spot only`, `on demand`. */
function torn({ words, index, vocabulary }: Unknown): Guess | undefined {
  for (const first of [index - 1, index]) {
    const joined = words
      .slice(first, first + 2)
      .map(({ text }) => text)
      .join('-');
    const isPair = first > 0 && first + 1 < words.length && !words[first]?.text.includes('=');
    const entry = isPair ? entryOf(joined, vocabulary) : undefined;
    // Anything of a region's form reads as one.
    if (entry && (entry.name !== vocabulary.region.name || providerOf(joined)))
      return { nearest: quoted(joined), first, last: first + 1 };
  }
  return undefined;
}

/** The option whose values alone look like this word, or like the value of this letter. */
function byValue(unknown: Unknown): Guess | undefined {
  const { words, index, named, vocabulary } = unknown;
  const own = { text: words[index]?.text ?? '', last: index };
  // An amount and its unit may stand apart: `2 hours`.
  const withNext = { text: own.text + (words[index + 1]?.text ?? ''), last: index + 1 };
  const values = named.flag ? [valueFor(unknown, () => true)] : [own, ...(/^[\d.]+$/.test(own.text) ? [withNext] : [])];
  for (const value of values) {
    for (const option of value ? [vocabulary.region, ...vocabulary.options] : []) {
      const text = value && option.alone(value.text);
      if (text !== undefined) return said(unknown, option, text, value?.last);
    }
  }
  return undefined;
}

/** The line as far as the word, with the count that the word gives, or the one that it has. */
function counted(unknown: Unknown): Guess {
  const { words, index } = unknown;
  const value = valueFor(unknown, (text) => /^\d/.test(text));
  const [verb = '', ...before] = words.slice(0, index).map(({ text }) => text);
  const [first = ''] = before;
  const given = count.parse(first).ok ? before.shift() : undefined;
  return { nearest: lineOf([verb, value?.text ?? given ?? '50', ...before]), first: 0, last: value?.last ?? index };
}

/** The value that stands with the name, else the next word when it can be one. */
function valueFor(
  { words, index, named }: Unknown,
  canBe: (text: string) => boolean,
): { readonly text: string; readonly last: number } | undefined {
  if (named.value) return { text: named.value, last: index };
  // In `ttl = 4h` the sign is a word, in `ttl =4h` it begins one.
  const last = words[index + 1]?.text === '=' ? index + 2 : index + 1;
  const next = words[last]?.text.replace(/^=/, '');
  if (named.sign || next === undefined || namedBy(next).flag || !canBe(next)) return undefined;
  return { text: next, last };
}

function said(unknown: Unknown, option: Option, value: string, last?: number): Guess {
  return instead(unknown, option === unknown.vocabulary.region ? value : `${option.name}=${value}`, last);
}

function instead({ index }: Unknown, text: string, last = index): Guess {
  return { nearest: quoted(text), first: index, last };
}
