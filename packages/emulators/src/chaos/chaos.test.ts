import { expect, test } from 'vitest';
import { historyOf } from './draw.ts';
import { FOUND } from './found.ts';
import type { History, Step } from './history.ts';
import { keeping } from './shrink.ts';
import { run } from './world.ts';

test('three hundred histories hold to every property', async () => {
  const violations = [];
  for (let seed = 0; seed < 300; seed++) {
    const { violation } = await run(historyOf(seed));
    if (violation) violations.push({ seed, ...violation });
  }
  expect(violations).toEqual([]);
});

test.each(FOUND.map((history, i) => ({ i, history })))('what was found once stays mended: $i', async ({ history }) => {
  expect((await run(history)).violation).toBeNull();
});

const READ = /^(machines|offers|status|cluster|clusters|events|bootLog)$/;

/** A cluster's whole life, with everything that people do to one. */
const LIFE: readonly Step[] = [
  {
    afterMs: 0,
    replica: 0,
    do: 'up',
    name: 'etl',
    workers: { min: 3, max: 3 },
    market: 'spot',
    ttlSeconds: 1_800,
    idleSeconds: 1_200,
    awaySeconds: 3_600,
  },
  { afterMs: 3_000, replica: 0, do: 'scale', name: 'etl', workers: { min: 5, max: 5 } },
  { afterMs: 30_000, replica: 0, do: 'scale', name: 'etl', workers: { min: 2, max: 2 } },
  { afterMs: 10_000, replica: 0, do: 'extend', name: 'etl', seconds: 600 },
  { afterMs: 1_000, replica: 0, do: 'reclaim', name: 'etl' },
  { afterMs: 2_000, replica: 0, do: 'down', name: 'etl' },
];

test.each(['before', 'after'] as const)(
  'a life holds when its server dies at any call, %s it takes effect',
  async (side) => {
    const calls: string[] = [];
    await run({ seed: 1, replicas: 1, steps: LIFE }, (line) => {
      const call = / p0 (\w+) asked$/.exec(line)?.[1];
      if (call) calls.push(call);
    });
    expect(calls.length).toBeGreaterThan(100);
    const violations = [];
    for (const [i, call] of calls.entries()) {
      // What changes nothing is the same before and after, and so is the first call after it.
      if (READ.test(call) && (side === 'after' || READ.test(calls[i - 1] ?? ''))) continue;
      const crash: Step = { afterMs: 0, do: 'crash', replica: 0, at: { call: null, skip: i, side }, downMs: 1_000 };
      const { violation } = await run({ seed: 1, replicas: 1, steps: [crash, ...LIFE] });
      if (violation) violations.push({ i, call, ...violation });
    }
    expect(violations).toEqual([]);
  },
);

test('a history runs the same way each time', async () => {
  const told = async () => {
    const lines: string[] = [];
    await run(historyOf(7), (line) => lines.push(line));
    return lines;
  };
  const first = await told();
  expect(first.length).toBeGreaterThan(100);
  expect(await told()).toEqual(first);
});

test('a step that is left out leaves its time behind', () => {
  const history: History = { seed: 1, replicas: 1, steps: LIFE };
  expect(keeping(history, [0, 3]).steps.map(({ afterMs, do: what }) => [afterMs, what])).toEqual([
    [0, 'up'],
    [43_000, 'extend'],
  ]);
});
