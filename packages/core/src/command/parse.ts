import { LIMITS, type Limits } from '../spec/limits.ts';
import { tried } from './advice.ts';
import type { Command } from './command.ts';
import { type Complaint, errorAt, type ParseError, shown } from './error.ts';
import { lineOf, type Word, wordsOf } from './line.ts';
import { namedBy } from './named.ts';
import { nearest } from './nearest.ts';
import { count } from './notation.ts';
import { Reader, Rejection } from './reader.ts';
import { rejectFlag } from './unknown.ts';
import { isVerb, PROMPTS, VERB_NAMES, VERBS, VOCABULARY } from './words.ts';

/** A command, or the one error that a person should hear of first. */
export type Parsed =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly error: ParseError };

/** Reads one line of the grammar. Total: whatever the line, it returns. */
export function parse(line: string, limits: Limits = LIMITS): Parsed {
  const parsed = attempt(line, limits);
  if (parsed.ok) return parsed;
  const errorOf = (other: string) => {
    const again = attempt(other, limits);
    return again.ok ? undefined : again.error;
  };
  return { ok: false, error: tried(line, parsed.error, errorOf) };
}

function attempt(line: string, limits: Limits): Parsed {
  const split = wordsOf(line);
  if (!split.ok) {
    return {
      ok: false,
      error: errorAt(split.unclosed, { problem: 'a quote is never closed', expected: 'a closing "' }),
    };
  }
  try {
    return { ok: true, command: read(new Reader(line, split.words, limits)) };
  } catch (thrown) {
    if (thrown instanceof Rejection) return { ok: false, error: thrown.error };
    throw thrown;
  }
}

function read(reader: Reader): Command {
  const [first] = reader.words;
  if (first === undefined) reader.reject({ start: 0, end: 0 }, { problem: 'the line is empty', expected: COMMANDS });
  if (!isVerb(reader.verb)) rejectVerb(reader, first);
  const verb = VERBS[reader.verb];
  const flag = reader.words.slice(1).find(({ text }) => namedBy(text).flag && !verb.takesFlag(text));
  if (flag) rejectFlag(reader, flag, verb.usage, verb.takesRequest ? VOCABULARY : null);
  const command = verb.read(reader);
  const extra = reader.next();
  if (extra === undefined) return command;
  reader.reject(extra, { problem: `${shown(extra.text)} is one word too many`, expected: `only ${verb.usage}` });
}

const COMMANDS = `a command: ${VERB_NAMES.join(', ').replace(/, (\w+)$/, ' or $1')}`;

/** Complains of a first word that is no verb, and of whatever was copied with a line. */
function rejectVerb(reader: Reader, first: Word): never {
  const texts = reader.words.map(({ text }) => text);
  const prompts = texts.findIndex((text) => !PROMPTS.includes(text.toLowerCase()));
  if (prompts < 1) reader.reject(first, unknownVerb(first.text));
  const problem = `${shown(texts.slice(0, prompts).join(' '))} is no part of a command`;
  const end = reader.words.at(-1)?.end ?? first.end;
  reader.reject({ start: first.start, end }, { problem, expected: COMMANDS, nearest: lineOf(texts.slice(prompts)) });
}

function unknownVerb(text: string): Complaint {
  const word = text.toLowerCase();
  if (count.parse(word).ok) {
    return { problem: 'a line begins with a command', expected: COMMANDS, nearest: `up ${word}` };
  }
  const [, glued, rest] = /^([a-z]+)(\d[\d.]{0,20})$/.exec(word) ?? [];
  if (glued !== undefined && isVerb(glued)) {
    return { problem: `a space is missing in ${shown(text)}`, expected: COMMANDS, nearest: `${glued} ${rest}` };
  }
  const bare = word.replace(/^(--?|—|–)(?=.)/, '');
  const meant =
    VERB_NAMES.find((name) => (bare !== word && bare === name[0]) || VERBS[name].elsewhere.includes(bare)) ??
    nearest(bare, VERB_NAMES);
  return { problem: `no command ${shown(text)}`, expected: COMMANDS, ...(meant && { nearest: meant }) };
}
