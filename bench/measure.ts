import { readFileSync } from 'node:fs';

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Seconds by the clock, and of this process's time on a processor. */
export async function timed(work: () => unknown): Promise<{ readonly wall: number; readonly cpu: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

export const ms = (seconds: number): string => `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;

/** Memory that these processes have to themselves, and their share of what they have with others; MB. */
export function megabytes(pids: readonly number[]): number {
  const pss = pids.map((pid) => /^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 'NaN');
  return pss.reduce((sum, kilobytes) => sum + Number(kilobytes), 0) / 1000;
}
