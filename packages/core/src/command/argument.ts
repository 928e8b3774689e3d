import type { WorkerRange } from '../spec/spec.ts';
import type { CostGroup, CostPeriod, EnvironmentTask, Payloads } from './command.ts';
import { type Complaint, shown } from './error.ts';
import { lineOf, type Word } from './line.ts';
import { namedBy } from './named.ts';
import { count, label, oneOf, range } from './notation.ts';
import { duration } from './quantity.ts';
import type { Reader } from './reader.ts';
import { file } from './software.ts';

/** What can be known while a line is typed. */
export interface Typing {
  /** The words after the verb that are complete. */
  readonly before: readonly string[];
  /** The word under the cursor, as far as it is typed. */
  readonly fragment: string;
  readonly clusters: readonly string[];
}

/** Something a verb takes: one word or several. */
export interface Argument<T> {
  /** How the usage line shows it. */
  readonly usage: string;
  /** Takes its words; undefined when it may be absent and is. */
  read(reader: Reader): T | undefined;
  /** The canonical words. */
  write(value: T): readonly string[];
  /** What could stand at the cursor. */
  candidates(typing: Typing): readonly string[];
  /** Whether a word that looks like another tool's flag belongs here. */
  takesFlag?(text: string): boolean;
}

function missing(reader: Reader, what: string, expected: string): Complaint {
  return { problem: `${reader.verb} needs ${what}`, expected };
}

/** A cluster's name. */
export const NAME: Argument<string> = {
  usage: 'NAME',
  read: (reader) =>
    reader.value(reader.take(missing(reader, 'to know which cluster', "a cluster's name; ls lists them")), label),
  write: (name) => [label.format(name)],
  candidates: ({ before, clusters }) => (before.length === 0 ? clusters : []),
};

/** How many workers. */
export const COUNT = {
  usage: 'COUNT',
  read(reader: Reader): WorkerRange {
    rejectBounds(reader);
    const word = reader.take(missing(reader, 'a count', count.expected));
    if (!/^[-+\d.]/.test(word.text)) misplaced(reader, word);
    const range = reader.value(word, count);
    const { max } = reader.limits.workers;
    if (range.max > max) reader.rejectOver(word, `${max} workers`);
    return range;
  },
  write: (range) => [count.format(range)],
  candidates: () => [],
} satisfies Argument<WorkerRange>;

/** What the ends of a range are called in other tools. */
const BOUNDS = [
  ['min', 'minimum', 'min-workers'],
  ['max', 'maximum', 'max-workers'],
];

/** Complains of a range of which each end is an option. */
function rejectBounds(reader: Reader): void {
  const { words } = reader;
  const [min, max] = BOUNDS.map((names) => words.find(({ text }) => names.includes(namedBy(text).name)));
  if (!min?.text.includes('=') || !max?.text.includes('=')) return;
  const first = Math.min(words.indexOf(min), words.indexOf(max));
  const last = Math.max(words.indexOf(min), words.indexOf(max));
  const range = [min, max].map(({ text }) => namedBy(text).value ?? '').join('..');
  const mended = words.slice(0, last + 1).flatMap(({ text }, i) => {
    if (i === first) return range;
    return i === last || count.parse(text).ok ? [] : text;
  });
  reader.reject(
    { start: words[0]?.start ?? 0, end: words[last]?.end ?? max.end },
    {
      problem: `${shown(min.text)} and ${shown(max.text)} are one range`,
      expected: count.expected,
      nearest: lineOf(mended),
    },
  );
}

/** Complains of a word that stands where the count belongs. */
function misplaced(reader: Reader, word: Word): never {
  const { verb, words } = reader;
  const other = words.slice(1).find(({ text }) => count.parse(text).ok);
  if (other === undefined) {
    reader.reject(word, { problem: `${verb} needs a count before ${shown(word.text)}`, expected: count.expected });
  }
  const last = Math.max(words.indexOf(word), words.indexOf(other));
  const swapped = words.slice(0, last + 1).map((each) => (each === word ? other : each === other ? word : each));
  reader.reject(
    { start: words[0]?.start ?? 0, end: words[last]?.end ?? other.end },
    {
      problem: `the count ${shown(other.text)} stands in the wrong place`,
      expected: `it right after ${verb === 'scale' ? 'the name' : verb}`,
      nearest: lineOf(swapped.map(({ text }) => text)),
    },
  );
}

/** How much longer a cluster may live. */
export const EXTENSION: Argument<number> = {
  usage: 'DURATION',
  read(reader) {
    const word = reader.take(missing(reader, 'a duration', duration.expected));
    return reader.limited(word, duration, reader.limits.ttl);
  },
  write: (seconds) => [duration.format(seconds)],
  candidates: () => [],
};

// Slack and phones make a long dash of two short ones.
const isAll = (text: string) => /^(--|—|–)all$/i.test(text);

/** One cluster, or every one. */
export const TARGET: Argument<Payloads['down']['target']> = {
  usage: 'NAME | --all',
  read(reader) {
    const expected = "a cluster's name, or --all";
    const word = reader.take(missing(reader, 'to know which cluster', expected));
    return isAll(word.text) ? { all: true } : { name: reader.value(word, label) };
  },
  write: (target) => ['all' in target ? '--all' : target.name],
  candidates: ({ before, clusters }) => (before.length === 0 ? [...clusters, '--all'] : []),
  takesFlag: isAll,
};

/** Where a client is, if that is not where the server is. */
export const FROM: Argument<string> = {
  usage: '[from ADDRESS]',
  read(reader) {
    const word = reader.peek();
    const [, given] = /^from[=:](.*)$/i.exec(word?.text ?? '') ?? [];
    if (word && given !== undefined)
      reader.reject(word, {
        problem: `${shown(word.text)} is two words here`,
        expected: range.expected,
        nearest: `from ${given}`,
      });
    if (word?.text.toLowerCase() !== 'from') return undefined;
    reader.next();
    return reader.value(reader.take({ problem: 'nothing follows from', expected: range.expected }), range);
  },
  write: (value) => ['from', range.format(value)],
  candidates({ before }) {
    return before.length === 1 ? ['from'] : [];
  },
};

const PERIODS: readonly CostPeriod[] = ['today', '7d', 'month'];
const GROUPS: readonly CostGroup[] = ['user', 'cluster', 'region', 'type'];
const period = oneOf(
  'period',
  PERIODS,
  new Map([
    ['week', '7d'],
    ['7days', '7d'],
    ['1w', '7d'],
    ['day', 'today'],
  ]),
);
const group = oneOf('group', GROUPS);

/** The time that costs are told of: today, when nothing is said. */
export const PERIOD: Argument<CostPeriod> = {
  usage: `[${PERIODS.join(' | ')}]`,
  read(reader) {
    const word = reader.peek();
    if (word === undefined || word.text.toLowerCase() === 'by') return 'today';
    reader.next();
    const by = group.parse(word.text);
    if (!by.ok) return reader.value(word, period);
    const problem = `by is missing before ${by.value}`;
    reader.reject(word, { problem, expected: period.expected, nearest: `by ${by.value}` });
  },
  write: (value) => [value],
  candidates: ({ before }) => (before.length === 0 ? PERIODS : []),
};

/** What costs are summed by. */
export const GROUP: Argument<CostGroup> = {
  usage: `[by ${GROUPS.join(' | ')}]`,
  read(reader) {
    if (reader.peek()?.text.toLowerCase() !== 'by') return undefined;
    reader.next();
    return reader.value(reader.take({ problem: 'nothing follows by', expected: group.expected }), group);
  },
  write: (value) => ['by', value],
  candidates({ before }) {
    if (before.at(-1) === 'by') return GROUPS;
    return before.includes('by') ? [] : ['by'];
  },
};

const TASKS = ['add', 'ls', 'show', 'rm'] as const satisfies readonly EnvironmentTask['do'][];
const task = oneOf(
  'task',
  TASKS,
  new Map([
    ['list', 'ls'],
    ['create', 'add'],
    ['set', 'add'],
    ['get', 'show'],
    ['remove', 'rm'],
    ['delete', 'rm'],
  ]),
);

/** What to do with kept environments. */
export const ENVIRONMENT_TASK: Argument<EnvironmentTask> = {
  usage: 'add NAME FILE | ls | show NAME | rm NAME',
  read(reader) {
    const what = reader.value(reader.take(missing(reader, 'to know what to do', task.expected)), task);
    if (what === 'ls') return { do: what };
    const unnamed = { problem: `${reader.verb} ${what} needs a name`, expected: label.expected };
    const name = reader.value(reader.take(unnamed), label);
    if (what !== 'add') return { do: what, name };
    const unfilled = { problem: `${reader.verb} add needs a file after the name`, expected: file.expected };
    return { do: what, name, file: reader.value(reader.take(unfilled), file) };
  },
  write(value) {
    if (value.do === 'ls') return [value.do];
    return [value.do, value.name, ...(value.do === 'add' ? [value.file] : [])];
  },
  candidates: ({ before }) => (before.length === 0 ? TASKS : []),
};
