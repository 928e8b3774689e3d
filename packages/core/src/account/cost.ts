import type { CostGroup, CostPeriod } from '../command/command.ts';
import type { LedgerEntry } from './ledger.ts';
import { priceOf } from './money.ts';

/** From (inclusive) to (exclusive), milliseconds since 1970, UTC. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

const DAY = 86_400_000;

/** The period a word names at `now`; days and months begin at midnight UTC. */
export function periodOf(word: CostPeriod, now: number): Period {
  const date = new Date(now);
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  switch (word) {
    case 'today':
      return { from: midnight, to: now };
    case '7d':
      return { from: now - 7 * DAY, to: now };
    case 'month':
      return { from: Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1), to: now };
  }
}

/** One line of a cost table. Money in micro-dollars. */
export interface CostRow {
  readonly key: string;
  readonly machines: number;
  readonly machineSeconds: number;
  readonly micros: number;
}

const KEY: Readonly<Record<CostGroup, (entry: LedgerEntry) => string>> = {
  user: (entry) => entry.owner,
  cluster: (entry) => entry.clusterName,
  region: (entry) => entry.region,
  type: (entry) => `${entry.type} ${entry.market}`,
};

/**
 * The share of an entry's cost that falls into a period. Whole entries keep their exact amount, and an entry that a
 * boundary cuts gives every micro-dollar to one of the two sides.
 */
function microsWithin(entry: LedgerEntry, period: Period): number {
  return microsUntil(entry, period.to) - microsUntil(entry, period.from);
}

function microsUntil(entry: LedgerEntry, time: number): number {
  if (time <= entry.from) return 0;
  if (time >= entry.to) return entry.micros;
  return Math.min(entry.micros, priceOf(entry.microsPerHour, Math.floor((time - entry.from) / 1000)));
}

/** Entries by group, dearest first. Without a group, one row a cluster. */
export function costRows(entries: readonly LedgerEntry[], period: Period, by: CostGroup = 'cluster'): CostRow[] {
  const rows = new Map<string, { machines: Set<string>; machineSeconds: number; micros: number }>();
  for (const entry of entries) {
    const overlap = Math.min(entry.to, period.to) - Math.max(entry.from, period.from);
    if (overlap < 0 || entry.from >= period.to) continue;
    const key = KEY[by](entry);
    const row = rows.get(key) ?? { machines: new Set(), machineSeconds: 0, micros: 0 };
    row.machines.add(entry.machineId);
    row.machineSeconds += overlap / 1000;
    row.micros += microsWithin(entry, period);
    rows.set(key, row);
  }
  return [...rows]
    .map(([key, row]) => ({ key, ...row, machines: row.machines.size, machineSeconds: Math.round(row.machineSeconds) }))
    .sort((a, b) => b.micros - a.micros || a.key.localeCompare(b.key));
}
