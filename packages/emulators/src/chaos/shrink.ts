import type { History } from './history.ts';
import type { Violation } from './judge.ts';
import { run } from './world.ts';

/** A history with only these of its steps, by number. The time of those left out passes all the same. */
export function keeping(history: History, kept: readonly number[]): History {
  const steps: History['steps'][number][] = [];
  let waited = 0;
  for (const [i, step] of history.steps.entries()) {
    waited += step.afterMs;
    if (!kept.includes(i)) continue;
    steps.push({ ...step, afterMs: waited });
    waited = 0;
  }
  return { ...history, steps };
}

/** Fewer steps, by number, that violate the same property: as many as can go are left out, from large pieces to single ones. */
export async function shrink(history: History, { property }: Violation): Promise<readonly number[]> {
  let kept = history.steps.map((_, i) => i);
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const fewer = kept.toSpliced(at, size);
      const { violation } = await run(keeping(history, fewer));
      if (violation?.property === property) kept = fewer;
      else at += size;
    }
  }
  return kept;
}
