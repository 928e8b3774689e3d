import { registerHooks } from 'node:module';
import { MUTANTS } from './mutants.ts';

// node mutate.ts NUMBER HISTORIES: plants a bug into the core as it is loaded, runs histories until one shows it, and
// prints the violation, or null.
const mutant = MUTANTS[Number(process.argv[2])];
const histories = Number(process.argv[3]);
if (!mutant) throw new RangeError(`There is no mutant ${process.argv[2]}`);
const { file, line, becomes } = mutant;

let planted = 0;
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/packages/core/src/${file}`)) return loaded;
    const parts = String(loaded.source).split(line);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${line}`);
    planted += 1;
    return { ...loaded, source: parts.join(becomes) };
  },
});
const { historyOf } = await import('./draw.ts');
const { FOUND } = await import('./found.ts');
const { run } = await import('./world.ts');
if (planted !== 1) throw new Error(`${file} was loaded ${planted} times`);

let violation: object | null = null;
for (const history of FOUND) violation ??= (await run(history)).violation;
for (let seed = 0; seed < histories && violation === null; seed++) violation = (await run(historyOf(seed))).violation;
console.log(JSON.stringify(violation));
