import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { rangeOf } from '../spec/range.ts';
import { ALL_REGIONS } from '../spec/regions.ts';
import type { Command, Request } from './command.ts';
import { renderError, replaced } from './error.ts';
import { format } from './format.ts';
import { type Parsed, parse } from './parse.ts';
import { KNOWN, OPTIONS, REGION } from './words.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const text = fc.string({ unit: 'binary', minLength: 1 });
/** A name, or whatever else has a slash or a dot in it. */
const named = fc.oneof(
  label,
  fc
    .tuple(fc.string({ unit: 'binary' }), fc.constantFrom('/', '.'), fc.string({ unit: 'binary' }))
    .map((parts) => parts.join('')),
);
const machineImage = fc
  .stringMatching(/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/)
  .map((id) => ({ kind: 'machine' as const, id }));
const container = fc
  .stringMatching(
    /^([a-z0-9]{1,9}\.io(:[0-9]{1,4})?\/)?[a-z0-9]{1,9}([._-][a-z0-9]{1,9})?\/[a-z0-9]{1,9}(:[A-Za-z0-9_][\w.-]{0,9})?(@sha256:[0-9a-f]{64})?$/,
  )
  .map((reference) => ({ kind: 'container' as const, reference }));
const micros = fc.integer({ min: 1, max: 10 ** 12 });
const hours = (most: number) => fc.integer({ min: 1, max: most * 3600 });
const workers = fc
  .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

const instanceTypes = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/), { minLength: 1, maxLength: 4 });
const range = fc
  .tuple(fc.ipV4(), fc.integer({ min: 8, max: 32 }))
  .map(([address, bits]) => rangeOf(`${address}/${bits}`) ?? '');

const asked = fc.record(
  {
    name: label,
    market: fc.constantFrom('on-demand', 'spot', 'spot-only'),
    regions: fc.uniqueArray(fc.constantFrom(...ALL_REGIONS), { minLength: 1, maxLength: 4 }),
    architecture: fc.constantFrom('x86_64', 'arm64'),
    cpu: fc.integer({ min: 1 }),
    memoryGiB: fc.integer({ min: 1, max: 2 ** 40 }).map((mebibytes) => mebibytes / 1024),
    gpu: fc.record({
      count: fc.integer({ min: 1 }),
      kind: fc.oneof(fc.constant(null), fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)),
    }),
    ssd: fc.constant(true),
    zones: fc.constantFrom('one', 'any'),
    types: instanceTypes,
    schedulerTypes: instanceTypes,
    diskGiB: fc.integer({ min: 1, max: 16_384 * 1024 }).map((mebibytes) => mebibytes / 1024),
    tags: fc.uniqueArray(
      fc.record({
        key: fc.stringMatching(/^[\p{L}\p{N} +\-._:/@]{1,20}$/u).filter((key) => !/^(aws|daskup):/i.test(key)),
        value: fc.stringMatching(/^[\p{L}\p{N} +\-=._:/@]{0,20}$/u),
      }),
      { minLength: 1, maxLength: 20, selector: ({ key }) => key },
    ),
    maxPriceMicros: micros,
    budgetMicros: micros,
    ttlSeconds: hours(7 * 24),
    idleSeconds: hours(24),
    awaySeconds: hours(24),
    quorum: fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100),
    allow: fc.uniqueArray(range, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: [] },
);
const environment = fc.oneof(
  fc.constant({}),
  text.map((python) => ({ python })),
  named.map((env) => ({ env })),
  container.map((image) => ({ image })),
  fc.tuple(named, machineImage).map(([env, image]) => ({ env, image })),
);
const request: fc.Arbitrary<Request> = fc
  .tuple(workers, asked, environment)
  .map(([count, words, source]) => ({ workers: count, ...words, ...source }));

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ verb: fc.constantFrom('up', 'plan'), request }) },
  fc.record({ verb: fc.constant('scale'), name: label, workers }),
  fc.record({ verb: fc.constant('extend'), name: label, seconds: hours(7 * 24) }),
  fc.record({ verb: fc.constant('down'), target: fc.oneof(fc.record({ name: label }), fc.constant({ all: true })) }),
  fc.constant({ verb: 'ls' }),
  fc.record({
    verb: fc.constant('env'),
    task: fc.oneof(
      fc.constant({ do: 'ls' }),
      fc.record({ do: fc.constantFrom('show', 'rm'), name: label }),
      fc.record({ do: fc.constant('add'), name: label, file: named.filter((file) => /[/.]/.test(file)) }),
    ),
  }),
  fc.record({ verb: fc.constantFrom('status', 'logs', 'reclaim'), name: label }),
  fc.record({ verb: fc.constant('connect'), name: label, from: range }, { requiredKeys: ['verb', 'name'] }),
  fc.record(
    {
      verb: fc.constant('cost'),
      period: fc.constantFrom('today', '7d', 'month'),
      by: fc.constantFrom('user', 'cluster', 'region', 'type'),
    },
    { requiredKeys: ['verb', 'period'] },
  ),
  fc.record({ verb: fc.constant('help'), word: fc.constantFrom(...KNOWN, 'arm64') }, { requiredKeys: ['verb'] }),
);

/** Lines as people may type them: any order, any spelling. */
const typed = fc
  .tuple(
    fc.constantFrom('up', 'UP', 'plan', 'Plan'),
    fc.constantFrom('50', '007', '20..100', '5..5'),
    fc
      .tuple(
        spelling('spot', 'Spot-Only', 'on-demand', '"spot"'),
        spelling('arm', 'ARM64', 'x86'),
        spelling('ssd', 'SSD'),
        spelling('eu-west-2', 'us-west1+EU-West-2+local'),
        spelling('cpu=04', 'CPU=4'),
        spelling('memory=16g', 'memory=16GB', 'memory=512MiB', 'memory=0.3gib', 'memory=1t'),
        spelling('gpu=1', 'gpu=T4', 'gpu=2xA10G', 'gpu=02'),
        spelling('zones=any', 'ZONES=One'),
        spelling('type=g5.xlarge', 'type=G6.xlarge,n2-standard-4', 'type=C7g.*,g5'),
        spelling('scheduler=M7G.xlarge', 'scheduler=m7g,m8g'),
        spelling('disk=100g', 'DISK=0.5TiB', 'disk=100GiB'),
        spelling('tags=Team=data,stage=', 'tags="a b=c d,x=y=z"', 'TAGS=k:1=v/2'),
        spelling('max-price=0.4', 'max-price=$1', 'max-price=1.25USD'),
        spelling('ttl=1h30m', 'ttl=1.5h', 'ttl=90min', 'ttl=45s', 'ttl=1day', 'ttl=30m1h', 'ttl=0.5s'),
        spelling('quorum=9', 'quorum=90%', 'quorum=0.9'),
        spelling('env="my file.txt"', 'python=“/a b”', 'python="/a\\"b\\\\c"', 'python=/a\\b', 'env=etl', 'env=./x'),
        spelling('image=AMI-0123456789ABCDEF0', 'IMAGE=ami-01234567'),
      )
      .map((words) => words.filter((word) => word !== null))
      .chain((words) => fc.shuffledSubarray(words, { minLength: words.length })),
    fc.constantFrom(' ', '  ', '\t', '\n'),
  )
  .map(([verb, count, words, space]) => [verb, count, ...words].join(space));

function spelling(...spellings: readonly string[]): fc.Arbitrary<string | null> {
  return fc.option(fc.constantFrom(...spellings));
}

const edit = fc.record({
  at: fc.nat(),
  cut: fc.nat({ max: 3 }),
  insert: fc.oneof(
    fc.constantFrom(' ', '"', '=', '--', '..', '-', '+', ',', '0', '9', '\\', ' spot', ' ttl=', '--n 4'),
    text,
  ),
});

const mutated = fc
  .tuple(fc.oneof(command.map(format), typed), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([line, edits]) => edits.reduce(edited, line));

function edited(line: string, { at, cut, insert }: { at: number; cut: number; insert: string }): string {
  const start = at % (line.length + 1);
  return line.slice(0, start) + insert + line.slice(start + cut);
}

/** Lines of words that mean something here or in other tools, or nearly do, as people who guess would write them. */
const guessed = fc
  .tuple(
    fc.constantFrom('up', 'plan', 'scale', 'env', 'cost', 'stop', 'daskup up', '/dask', 'upp', 'up4', 'status', 'down'),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          '4',
          '0',
          '9999',
          '7,',
          '4spot',
          '0x10',
          '2-10',
          '9..3',
          'etl',
          'My_Job',
          'spot',
          'sopt',
          'arm',
          '=',
        ),
        fc.constantFrom(
          '16GiB',
          '200h',
          '$40',
          '0usd',
          '90%',
          'g5.xlarge',
          'eu-wst-1',
          'eu-wst-1,us-wst-1+local',
          'user',
        ),
        fc
          .tuple(
            fc.constantFrom('', '-', '--', '—'),
            fc.constantFrom(
              'n',
              't',
              'h',
              'by',
              'all',
              'workers',
              ...[...OPTIONS, REGION].flatMap(names),
              'kpu',
              'spot',
            ),
            fc.constantFrom('', '=', ':', ' '),
            fc.constantFrom(
              '',
              '0',
              '4',
              '4h',
              '9d',
              '8g',
              'x"y z"',
              'spot',
              'us-wst-1',
              '1',
              '$4',
              'a,,b',
              '--ssd',
              '\u001b',
            ),
          )
          .map((parts) => parts.join('')),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([verb, words]) => [verb, ...words].join(' '));

function names({ name, elsewhere }: { name: string; elsewhere: readonly string[] }): readonly string[] {
  return [name, ...elsewhere];
}

/** The end of following advice: a command, or an error that gives none. */
function afterAdvice(line: string, steps = 12): Parsed {
  const parsed = parse(line);
  if (parsed.ok || parsed.error.nearest === undefined) return parsed;
  if (steps === 0) throw new Error(`no end of advice: ${line}`);
  return afterAdvice(replaced(line, parsed.error, parsed.error.nearest), steps - 1);
}

/** What must hold for every line whatever. */
function answersWell(line: string): void {
  const parsed = parse(line);
  if (parsed.ok) {
    const canonical = format(parsed.command);
    expect(parse(canonical)).toEqual(parsed);
    return;
  }
  const { start, end, message, expected, nearest } = parsed.error;
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThanOrEqual(start);
  expect(end).toBeLessThanOrEqual(line.length);
  expect(expected).not.toBe('');
  expect(message).toMatch(/; (expected .|did you mean .)/);
  expect(message).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  expect(renderError(line, parsed.error).split('\n')).toHaveLength(3);
  if (nearest === undefined) return;
  expect(nearest).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  const place = { start, end: start + nearest.length };
  const next = parse(replaced(line, parsed.error, nearest));
  const isThere = !next.ok && next.error.start >= place.start && next.error.end <= place.end;
  // What is missing behind the line's end is not in the place.
  expect(isThere && next.error.start < place.end, `${line}: ${message}`).toBe(false);
}

describe('the grammar', () => {
  test.prop([command], { numRuns: 1000 })('reads back every command it writes', (written) => {
    expect(parse(format(written))).toEqual({ ok: true, command: written });
  });

  test.prop([typed], { numRuns: 500 })('takes words in any order and spelling to one canonical line', (line) => {
    const parsed = parse(line);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const canonical = format(parsed.command);
    const again = parse(canonical);
    expect(again).toEqual(parsed);
    expect(again.ok && format(again.command)).toBe(canonical);
  });

  test.prop([guessed], { numRuns: 3000 })('advises nothing that it would refuse itself', answersWell);

  test.prop([guessed], { numRuns: 1000 })('advises towards an end', (line) => {
    expect(() => afterAdvice(line)).not.toThrow();
  });

  test.prop([mutated], { numRuns: 2000 })(
    'answers every damaged line with a command or a place in the line',
    answersWell,
  );

  test.prop([fc.string({ unit: 'binary', maxLength: 200 })], { numRuns: 1000 })(
    'answers every text with a command or a place in the line',
    answersWell,
  );
});
