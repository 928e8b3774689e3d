import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { historyOf } from './draw.ts';
import type { History } from './history.ts';
import { PROPERTIES, type Violation } from './judge.ts';
import { keeping, shrink } from './shrink.ts';
import { run } from './world.ts';

// npm run chaos -- --histories 5000 [--seed S] [--keep 0,4,7]
// History number i has seed S + i. With --keep, or of a single history, all that happens is told.

const { values } = parseArgs({
  options: { histories: { type: 'string', default: '1000' }, seed: { type: 'string' }, keep: { type: 'string' } },
});
const histories = numberOf(values.histories);
const first = values.seed === undefined ? randomInt(2 ** 31) : numberOf(values.seed);
const kept = values.keep?.split(',').map(numberOf);
/** To shrink one takes some hundred runs. */
const SHRUNK = 3;

const sum = { steps: 0, faults: 0, crashes: 0, violations: 0 };
const started = performance.now();
let told = started;
for (let i = 0; i < histories; i++) {
  const whole = historyOf(first + i);
  const history = kept ? keeping(whole, kept) : whole;
  const outcome = await run(history, histories === 1 ? (line) => console.error(line) : undefined);
  sum.steps += history.steps.length;
  sum.faults += outcome.faults;
  sum.crashes += outcome.crashes;
  if (outcome.violation) {
    sum.violations += 1;
    await report(history, outcome.violation);
  }
  if (performance.now() - told >= 2_000) {
    told = performance.now();
    const rate = (i + 1) / ((told - started) / 1000);
    console.error(`${i + 1} of ${histories} histories, ${rate.toFixed(0)} a second, ${sum.violations} violations`);
  }
}
const { steps, faults, crashes, violations } = sum;
console.log(
  `${histories} histories from seed ${first}: ${steps} steps, ${faults} faults, ${crashes} crashes, ${violations} violations`,
);
process.exitCode = violations > 0 ? 1 : 0;

async function report(history: History, violation: Violation): Promise<void> {
  const { seed } = history;
  console.error(
    `seed ${seed}: ${PROPERTIES[violation.property]}: ${violation.detail} (after ${violation.atMs / 1000} s)`,
  );
  if (kept || sum.violations > SHRUNK) return;
  const few = await shrink(history, violation);
  console.error(`shrunk from ${history.steps.length} to ${few.length} steps:`);
  for (const i of few) console.error(`  ${JSON.stringify(history.steps[i])}`);
  console.error(`again: npm run chaos -- --histories 1 --seed ${seed} --keep ${few.join(',')}`);
}

function numberOf(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${text} is not a whole number`);
  return value;
}
