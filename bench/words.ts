import { parseArgs } from 'node:util';
import { parse } from '@daskup/core/command/parse';
import { available, plan } from '@daskup/core/plan/plan';
import { newCluster, OFFERS } from './fleet.ts';
import { median, ms, timed } from './measure.ts';

// How fast a line becomes a command, against the parser that Node has for arguments; and how fast a region's offers
// become a plan, against sorting them by price, which is the least that a planner must do.
const ROUNDS = 15;
const LINES = 20_000;

const ours = 'up 20..100 spot eu-west-2 name=etl cpu=4 memory=16GB ttl=4h idle=30m max-price=$0.40 budget=$200';
const theirs = ours.split(' ').map((word) => (word.includes('=') ? `--${word}` : word));
const names = ['name', 'cpu', 'memory', 'ttl', 'idle', 'max-price', 'budget'];
const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
const parsed = parse(ours);
if (!parsed.ok) throw new Error(parsed.error.message);

const { spec, region, zone } = newCluster(0, 0);
const full = () => false;
const tasks = {
  parse: () => {
    for (let i = 0; i < LINES; i++) parse(ours);
  },
  parseArgs: () => {
    for (let i = 0; i < LINES; i++) parseArgs({ args: theirs, options, allowPositionals: true });
  },
  plan: () => plan(spec, OFFERS),
  available: () => available(spec, { region, zone }, 'worker', OFFERS, full),
  sort: () => OFFERS.toSorted((a, b) => a.microsPerHour - b.microsPerHour),
};
const kinds = Object.keys(tasks) as (keyof typeof tasks)[];
const cpu = { parse: [], parseArgs: [], plan: [], available: [], sort: [] } as Record<keyof typeof tasks, number[]>;
for (const name of kinds) tasks[name]();
for (let round = 0; round < ROUNDS; round++) for (const name of kinds) cpu[name].push((await timed(tasks[name])).cpu);

const of = (name: keyof typeof tasks) => median(cpu[name]);
const thousands = (seconds: number) => `${Math.round(LINES / seconds / 1000)},000`;
console.log(
  `parse a line of ${theirs.length} words: ${thousands(of('parse'))} a second; node:util parseArgs ${thousands(of('parseArgs'))}, ratio ${(of('parse') / of('parseArgs')).toFixed(2)}`,
);
for (const [name, what] of [
  ['plan', 'plan a request'],
  ['available', 'rank for a launch'],
] as const) {
  console.log(
    `${what} among ${OFFERS.length} offers: ${ms(of(name))}; sorting them by price ${ms(of('sort'))}, ratio ${(of(name) / of('sort')).toFixed(2)}`,
  );
}
