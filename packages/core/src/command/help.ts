import { LIMITS, type Limits } from '../spec/limits.ts';
import { providerOf } from '../spec/regions.ts';
import type { Verb } from './command.ts';
import type { BareWord, Option } from './option.ts';
import { table } from './table.ts';
import { BARE_WORDS, isVerb, OPTIONS, REGION, VERB_NAMES, VERBS } from './words.ts';

/**
 * Help as plain text, at most 100 columns wide: on everything, or on one command, word, option or region.
 * @throws {RangeError} on any other word, of which the parser makes no help command.
 */
export function help(asked?: string, limits: Limits = LIMITS): string {
  if (asked === undefined) return overview();
  const option = OPTIONS.find(({ name }) => name === asked);
  // A word may be both.
  if (isVerb(asked)) return [onVerb(asked, limits), ...(option ? [onOption(option, limits)] : [])].join('\n\n');
  const bare = BARE_WORDS.find(({ name, also }) => name === asked || also.includes(asked));
  if (bare) return onBareWord(bare);
  if (option) return onOption(option, limits);
  const provider = providerOf(asked);
  if (provider) return `${asked}\n\n  a region of ${provider}; a word of up and plan`;
  throw new RangeError(`no help on ${asked}`);
}

function overview(): string {
  const rows = VERB_NAMES.map((name) => [name, VERBS[name].help, VERBS[name].examples[0] ?? '']);
  return [
    'Real Dask clusters, straight from a cloud.',
    table(rows),
    'help up lists the words and options that follow up; help WORD explains any of them.',
  ].join('\n\n');
}

function onVerb(name: Verb, limits: Limits): string {
  const verb = VERBS[name];
  const examples = verb.examples.map((example) => [example]);
  const parts = [`${verb.usage}\n\n  ${verb.help}`, `Examples\n${table(examples)}`];
  return [...parts, ...(verb.takesRequest ? onRequest(limits) : [])].join('\n\n');
}

function onRequest(limits: Limits): string[] {
  const counts = [
    ['50', `so many workers, at most ${limits.workers.max}`],
    ['20..100', "between these, as many as Dask's adaptive scaling asks for"],
  ];
  const words = [
    ...BARE_WORDS.map((word) => [[word.name, ...word.also].join(', '), word.help]),
    [REGION.example, REGION.help],
  ];
  const options = OPTIONS.map((option) => [
    `${option.name}=${option.example}`,
    option.help,
    whenAbsent(option, limits),
  ]);
  return [
    `COUNT, first\n${table(counts)}`,
    `WORDS, in any order\n${table(words)}`,
    `OPTIONS, in any order, and what holds without them\n${table(options)}`,
  ];
}

function whenAbsent(option: Option, limits: Limits): string {
  const most = option.most(limits);
  return option.absent(limits) + (most === undefined ? '' : `, at most ${most}`);
}

function onBareWord({ name, also, help: text }: BareWord): string {
  return `${[name, ...also].join(', ')}\n\n  ${text}; a word of up and plan`;
}

function onOption(option: Option, limits: Limits): string {
  const rows = [
    ['value', option.expected],
    ['without it', option.absent(limits)],
  ];
  const most = option.most(limits);
  if (most !== undefined) rows.push(['at most', most]);
  return `${option.name}=${option.example}\n\n  ${option.help}; an option of up and plan\n\n${table(rows)}`;
}
