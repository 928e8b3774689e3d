import type { Befallen, Said } from './history.ts';

/** Kinds of {@link Faults} that are drawn together. */
export type FaultKind =
  | 'empty'
  | 'zone'
  | 'limit'
  | 'forbidden'
  | 'lag'
  | 'unreadable'
  | 'boot'
  | 'environment'
  | 'silent'
  | 'slow'
  | 'clinging'
  | 'lost'
  | 'outage'
  | 'storm'
  | 'twice'
  | 'store';

/** What a history is about: how often what happens, and how soon one thing after the other. */
export interface Theme {
  /** How many processes share the store. */
  readonly replicas: Readonly<Record<'1' | '2' | '3', number>>;
  /** How long the first cluster is left in peace, and the longest time between two steps; milliseconds. */
  readonly peaceMs: number;
  readonly longestMs: number;
  /** Share of steps that are commands. */
  readonly says: number;
  readonly said: Readonly<Partial<Record<Said['do'], number>>>;
  readonly befallen: Readonly<Partial<Record<Befallen['do'], number>>>;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

export const THEMES = {
  /** Anything, at any time. */
  everything: {
    replicas: { 1: 2, 2: 1, 3: 1 },
    peaceMs: 0,
    longestMs: 60_000,
    says: 0.45,
    said: { up: 2, scale: 3, extend: 1, down: 1, 'down all': 1, reclaim: 1, status: 1 },
    befallen: { fault: 4, crash: 3, lose: 2, pause: 1, work: 0.6, throttle: 0.2, restart: 0.2, 'lose store': 0.2 },
    faults: {
      empty: 1,
      zone: 1,
      limit: 1,
      forbidden: 1,
      lag: 2,
      unreadable: 1,
      boot: 2,
      environment: 0.5,
      silent: 1,
      slow: 1,
      clinging: 1,
      lost: 2,
      outage: 2,
      storm: 1,
      twice: 1,
      store: 1,
    },
  },
  /** While machines are being launched, people change their minds, answers are lost and processes die. */
  launching: {
    replicas: { 1: 1, 2: 1, 3: 1 },
    peaceMs: 0,
    longestMs: 3_000,
    says: 0.4,
    said: { up: 1, scale: 4, extend: 0.5, down: 1, 'down all': 0.5 },
    befallen: { fault: 4, crash: 3, pause: 2, lose: 1 },
    faults: { outage: 4, lag: 2, storm: 3, lost: 2, slow: 3, limit: 1, twice: 1, store: 1, boot: 1, forbidden: 0.5 },
  },
  /** A cluster that is up loses machines, its scheduler's voice, its servers. */
  living: {
    replicas: { 1: 1, 2: 1, 3: 1 },
    peaceMs: 60_000,
    longestMs: 40_000,
    says: 0.3,
    said: { scale: 3, extend: 1, reclaim: 1, down: 0.5 },
    befallen: { fault: 4, crash: 2, pause: 2, lose: 2, restart: 1, work: 1 },
    faults: { outage: 3, silent: 3, slow: 1, lost: 2, lag: 1, boot: 1, unreadable: 1, clinging: 1, store: 1, empty: 1 },
  },
} as const satisfies Record<string, Theme>;
