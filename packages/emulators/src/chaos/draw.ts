import type { WorkerRange } from '@daskup/core/spec/spec';
import type { Faults } from '../sim/faults.ts';
import { ZONES } from '../sim/offers.ts';
import { Random } from '../sim/random.ts';
import { type Befallen, type History, type Moment, NAMES, type Name, type Said, type Step } from './history.ts';
import { type FaultKind, THEMES, type Theme } from './themes.ts';

/** Those of a process's calls that are worth to be hit; launches and ends the most. */
const CALLS = [
  'launch',
  'launch',
  'terminate',
  'terminate',
  'release',
  'prepare',
  'retire',
  'machines',
  'status',
] as const;

/** The history that belongs to a seed. */
export function historyOf(seed: number): History {
  const random = new Random(seed);
  const theme: Theme = THEMES[random.weighted({ everything: 1, launching: 1, living: 1 })];
  const replicas = Number(random.weighted(theme.replicas));
  const steps: Step[] = [{ afterMs: 0, replica: 0, ...said(random, 'up', NAMES[0]) }];
  const count = random.between(3, random.pick([5, 8, 20]));
  while (steps.length < count) {
    const gap = random.between(0, random.pick([0, 300, theme.longestMs / 10, theme.longestMs]));
    const afterMs = gap + (steps.length === 1 ? theme.peaceMs : 0);
    const replica = random.between(0, replicas - 1);
    steps.push(
      random.chance(theme.says)
        ? {
            afterMs,
            replica,
            ...said(random, random.weighted(theme.said), random.pick([NAMES[0], NAMES[0], ...NAMES])),
          }
        : { afterMs, ...befallen(random, theme, replica) },
    );
  }
  return { seed, replicas, steps };
}

function said(random: Random, verb: Said['do'], name: Name): Said {
  switch (verb) {
    case 'up':
      return {
        do: 'up',
        name,
        workers: range(random),
        market: random.pick(['spot', 'spot', 'on-demand', 'spot-only']),
        ttlSeconds: random.pick([150, 1_800, 14_400, 14_400]),
        idleSeconds: random.pick([60, 1_200]),
        awaySeconds: random.pick([60, 3_600]),
      };
    case 'scale':
      return { do: 'scale', name, workers: range(random) };
    case 'extend':
      return { do: 'extend', name, seconds: random.between(60, 900) };
    case 'down all':
      return { do: 'down all' };
    case 'down':
    case 'reclaim':
    case 'status':
      return { do: verb, name };
  }
}

function range(random: Random): WorkerRange {
  const min = random.pick([1, 3, random.between(1, 8), random.between(1, 40)]);
  return { min, max: random.chance(0.3) ? min + random.between(0, 8) : min };
}

function befallen(random: Random, theme: Theme, replica: number): Befallen {
  const kind = random.weighted(theme.befallen);
  switch (kind) {
    case 'fault': {
      const kinds = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => random.weighted(theme.faults));
      const faults: Partial<Faults> = Object.assign({}, ...kinds.map((one) => fault(random, one)));
      return { do: kind, forMs: duration(random, 200_000), faults };
    }
    case 'crash':
      return { do: kind, replica, at: moment(random), downMs: random.pick([0, duration(random, 200_000)]) };
    case 'lose': {
      const role = random.chance(0.2) ? 'scheduler' : 'worker';
      return { do: kind, role, count: random.between(1, 4), noticed: random.chance(0.5) };
    }
    case 'pause':
      return { do: kind, replica, at: moment(random), forMs: duration(random, 60_000) };
    case 'restart':
      return { do: kind, replica, downMs: duration(random, 60_000) };
    case 'work': {
      const load = {
        clients: random.between(0, 1),
        adaptiveTarget: random.between(0, 50),
        idle: random.chance(0.5),
      };
      return { do: kind, name: random.pick(NAMES), load };
    }
    case 'throttle':
      return { do: kind };
    case 'lose store':
      return { do: kind, sameInstallation: random.chance(0.7) };
  }
}

/** Any call, or one of those that change something. */
function moment(random: Random): Moment {
  const side = random.pick(['before', 'after']);
  if (random.chance(0.5)) return { call: null, skip: random.between(0, random.pick([3, 20, 80])), side };
  const call = random.pick([...CALLS, 'commit', 'create']);
  return { call, skip: random.pick([0, 0, 1, 2]), side };
}

/** Mostly short; milliseconds. */
function duration(random: Random, longest: number): number {
  return random.between(0, random.pick([longest / 20, longest / 5, longest]));
}

function fault(random: Random, kind: FaultKind): Partial<Faults> {
  const share = random.pick([0.05, 0.3, 0.7, 1]);
  const lagMs = random.pick([500, 2_000, 10_000, 25_000, 60_000]);
  switch (kind) {
    case 'empty':
      return { emptyPools: [random.pick(['spot/', 'on-demand/', '/small/', '/'])] };
    case 'zone':
      return { emptyPools: [`/${random.pick(ZONES)}`] };
    case 'limit':
      return { poolLimit: random.between(0, 3) };
    case 'forbidden':
      return { forbidden: true };
    case 'lag':
      return { lagMs };
    case 'unreadable':
      return { unreadable: true };
    case 'boot':
      return { [random.pick(['neverBoot', 'failBoot', 'slowBoot'])]: share };
    case 'environment':
      return { environmentMs: random.pick([60_000, 480_000]) };
    case 'silent':
      return { silent: true };
    case 'slow':
      return { slowMs: random.between(500, 20_000) };
    case 'clinging':
      return { clinging: true };
    case 'lost':
      return { lost: share };
    case 'outage': {
      const call = random.pick(CALLS);
      return { outage: { call, loses: random.pick(['request', 'answer']) } };
    }
    case 'storm':
      return { lost: share, lagMs, twice: 0.3 };
    case 'twice':
      return { twice: share };
    case 'store':
      return { storeLost: share };
  }
}
