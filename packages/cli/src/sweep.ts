import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@daskup/core/message';
import { type Found, type Leftover, machineSweeper, type Sweeper } from '@daskup/core/provision/sweeper';
import { bootScript } from '@daskup/dask/boot-script';
import { settingsFrom } from '@daskup/server/settings';
import { confirmed } from './confirmed.ts';
import { failure } from './failure.ts';
import { clock, many, table } from './render.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;
/** By then all that was told to end is seen gone on every cloud; milliseconds. */
const PATIENCE_MS = 600_000;
/** It is looked for again after so long, and each time a little later; milliseconds. */
const LOOK_MS = 200;
const LOOK_MOST_MS = 5_000;

/** By their credentials alone, which for this computer are its home folder. */
const SWEEPERS: Readonly<Record<string, () => Promise<Sweeper>>> = {
  async local() {
    const { LocalProvider } = await import('@daskup/local/provider');
    const { home, cache } = settingsFrom(process.env);
    const provider = new LocalProvider({ home: join(home, 'local'), cache, now: Date.now, bootScript });
    return machineSweeper(provider, 'this computer');
  },
  async aws() {
    const { AwsSweeper } = await import('@daskup/aws/sweeper');
    return new AwsSweeper();
  },
};

/**
 * The last resort: ends and deletes everything that carries daskup's tags, whatever any store knows of it, and does not
 * return before none of it is seen. Returns the exit code.
 */
export async function sweep(
  words: readonly string[],
  options: { readonly json: boolean; readonly yes: boolean },
): Promise<number> {
  const fail = (code: number, message: string) => failure(code, message, options);
  const [name = ''] = words;
  const open = Object.hasOwn(SWEEPERS, name) && words.length === 1 ? SWEEPERS[name] : undefined;
  if (!open) return fail(BAD_COMMAND, `sweep needs a provider: ${Object.keys(SWEEPERS).join(' or ')}`);
  try {
    const sweeper = await open();
    const scope = await sweeper.scope();
    const { leftovers, kept, unanswered } = await sweeper.find();
    const what = counted(leftovers);
    if (!options.json) {
      for (const { region, why } of unanswered)
        console.error(`daskup: not all could be looked at in ${region}: ${why}`);
      if (leftovers.length > 0) console.log(listed(leftovers));
      if (kept) console.log(kept);
    }
    if (leftovers.length > 0 && !options.yes) {
      if (!process.stdin.isTTY)
        return fail(
          BAD_COMMAND,
          `sweep ${name} ends all of every cluster of everybody in ${scope}: confirm with --yes`,
        );
      if (!(await confirmed(`End all of daskup's in ${scope}, whoever asked for it: ${what}?`)))
        return fail(FAILED, 'nothing was ended');
    }
    const left = await removeAll(sweeper, leftovers);
    if (left.length > 0) return fail(FAILED, `${left.map(({ id }) => id).join(', ')} did not end: sweep again`);
    if (unanswered.length > 0) return fail(FAILED, 'something may be left where not all could be looked at');
    if (options.json) console.log(JSON.stringify(report(name, leftovers, kept)));
    else if (leftovers.length === 0) console.log(`nothing of daskup's is in ${scope}`);
    else console.log(`${what} have ended; none is left in ${scope}`);
    return DONE;
  } catch (error) {
    return fail(FAILED, messageOf(error));
  }
}

/** Ends these, and what comes meanwhile, until a look everywhere finds nothing; returns what would not end. */
async function removeAll(sweeper: Sweeper, found: readonly Leftover[]): Promise<readonly Leftover[]> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  let left = found;
  for (let wait = LOOK_MS; left.length > 0 && Date.now() < giveUpAt; wait = Math.min(LOOK_MOST_MS, wait * 1.5)) {
    await sweeper.remove(left);
    await delay(wait);
    const regions = [...new Set(left.map(({ region }) => region))];
    left = (await sweeper.find(regions)).leftovers;
    if (left.length === 0) left = (await sweeper.find()).leftovers;
  }
  return left;
}

function report(provider: string, leftovers: readonly Leftover[], kept: Found['kept']) {
  const ids = (isMachine: boolean) => leftovers.filter((one) => one.isMachine === isMachine).map(({ id }) => id);
  return { verb: 'sweep', provider, machines: ids(true), others: ids(false), kept };
}

function counted(leftovers: readonly Leftover[]): string {
  const machines = leftovers.filter(({ isMachine }) => isMachine);
  const clusters = new Set(machines.flatMap(({ cluster }) => cluster || [])).size;
  const others = leftovers.length - machines.length;
  return [
    ...(machines.length > 0
      ? [many(machines.length, 'machine') + (clusters > 0 ? ` of ${many(clusters, 'cluster')}` : '')]
      : []),
    ...(others > 0 ? [many(others, machines.length > 0 ? 'other thing' : 'thing')] : []),
  ].join(' and ');
}

function listed(leftovers: readonly Leftover[]): string {
  const rows = leftovers.map(({ cluster, owner, kind, id, detail, region, since }) => [
    cluster || '-',
    owner || '-',
    kind,
    id,
    detail || '-',
    region,
    since === null ? '-' : clock(since),
  ]);
  return table(['CLUSTER', 'OWNER', 'WHAT', 'ID', 'TYPE', 'REGION', 'SINCE'], rows.toSorted());
}
