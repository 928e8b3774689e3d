import type { History, Step } from './history.ts';

const UP: Extract<Step, { do: 'up' }> = {
  afterMs: 0,
  replica: 0,
  do: 'up',
  name: 'etl',
  workers: { min: 6, max: 6 },
  market: 'spot',
  ttlSeconds: 14_400,
  idleSeconds: 1_200,
  awaySeconds: 3_600,
};

const scale = (afterMs: number, count: number): Step => ({
  afterMs,
  replica: 1,
  do: 'scale',
  name: 'etl',
  workers: { min: count, max: count },
});

const noEnds = (afterMs: number): Step => ({
  afterMs,
  do: 'fault',
  forMs: 20_000,
  faults: { outage: { call: 'terminate', loses: 'request' } },
});

const held = (side: 'before' | 'after'): Step => ({
  afterMs: 0,
  do: 'pause',
  replica: 0,
  at: { call: 'launch', skip: 0, side },
  forMs: 90_000,
});

const LAUNCHES_UNANSWERED: Step = {
  afterMs: 1_000,
  do: 'fault',
  forMs: 60_000,
  faults: { outage: { call: 'launch', loses: 'answer' } },
};

const DEATH: Step = {
  afterMs: 0,
  do: 'crash',
  replica: 0,
  at: { call: 'launch', skip: 1, side: 'after' },
  downMs: 400_000,
};

/** Histories that chance seldom brings up, and that showed a bug once, or do when one is planted. */
export const FOUND: readonly History[] = [
  // Machines that were told to end while nothing reached the cloud joined and stayed until the TTL.
  { seed: 1, replicas: 1, steps: [UP, noEnds(4_000), scale(1_000, 2)] },
  // They were replaced while they still ran.
  { seed: 1, replicas: 1, steps: [UP, noEnds(4_000), scale(1_000, 2), scale(2_000, 6)] },
  // A replica that stood still at the call launched after the cluster's end: swept when it could be, and never paid for.
  {
    seed: 1,
    replicas: 2,
    steps: [UP, held('before'), { afterMs: 5_000, replica: 1, do: 'down', name: 'etl' }, noEnds(80_000)],
  },
  // One that stood still at the answer brought machines back to life that had ended meanwhile.
  { seed: 1, replicas: 2, steps: [UP, held('after'), scale(25_000, 1)] },
  // So did a call that was repeated because its answers were lost.
  { seed: 1, replicas: 1, steps: [UP, LAUNCHES_UNANSWERED, scale(15_000, 1)] },
  // Nobody but the machines themselves knows when they are to end.
  {
    seed: 1,
    replicas: 1,
    steps: [{ ...UP, ttlSeconds: 150 }, DEATH, { afterMs: 5_000, replica: 0, do: 'status', name: 'etl' }],
  },
];
