import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@daskup/core/message';
import type { Machine, Provider } from '@daskup/core/provision/provider';
import { bootScript } from '@daskup/dask/boot-script';
import { settingsFrom } from '@daskup/server/settings';
import { confirmed } from './confirmed.ts';
import { clock, table } from './render.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;
/** By then a machine that was told to end is seen gone on every provider; milliseconds. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 200;

/** By their credentials alone, which for this computer are its home folder. */
const PROVIDERS: Readonly<Record<string, () => Promise<Provider>>> = {
  async local() {
    const { LocalProvider } = await import('@daskup/local/provider');
    const { home, cache } = settingsFrom(process.env);
    return new LocalProvider({ home: join(home, 'local'), cache, now: Date.now, bootScript });
  },
};

/**
 * The last resort: ends every machine that carries daskup's tags, whatever any store knows of it, and does not return
 * before none is seen alive. Returns the exit code.
 */
export async function sweep(
  words: readonly string[],
  options: { readonly json: boolean; readonly yes: boolean },
): Promise<number> {
  const fail = (code: number, message: string) => {
    if (options.json) console.log(JSON.stringify({ error: message }));
    console.error(`daskup: ${message}`);
    return code;
  };
  const [name = ''] = words;
  const open = Object.hasOwn(PROVIDERS, name) && words.length === 1 ? PROVIDERS[name] : undefined;
  if (!open) return fail(BAD_COMMAND, `sweep needs a provider: ${Object.keys(PROVIDERS).join(' or ')}`);
  try {
    const provider = await open();
    const found = await alive(provider);
    const clusters = new Set(found.map(({ tags }) => tags.clusterId)).size;
    if (found.length > 0 && !options.json) console.log(listed(found));
    if (found.length > 0 && !options.yes) {
      if (!process.stdin.isTTY)
        return fail(BAD_COMMAND, `sweep ${name} ends every machine of all clusters: confirm with --yes`);
      if (!(await confirmed(`End all ${found.length}?`))) return fail(FAILED, 'nothing was ended');
    }
    const left = await endAll(provider, found);
    if (left.length > 0) return fail(FAILED, `${left.map(({ id }) => id).join(', ')} did not end: sweep again`);
    if (options.json)
      console.log(JSON.stringify({ verb: 'sweep', provider: name, machines: found.map(({ id }) => id) }));
    else if (found.length === 0) console.log(`no machine of daskup's is in ${name}`);
    else console.log(`${found.length} machines of ${clusters} clusters have ended; none is left in ${name}`);
    return DONE;
  } catch (error) {
    return fail(FAILED, messageOf(error));
  }
}

/** Ends these machines, and those that come meanwhile; returns what would not end. */
async function endAll(provider: Provider, found: readonly Machine[]): Promise<readonly Machine[]> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  let left = found;
  while (left.length > 0 && Date.now() < giveUpAt) {
    await provider.terminate(left.map(({ id }) => id));
    await delay(LOOK_MS);
    left = await alive(provider);
  }
  return left;
}

async function alive(provider: Provider): Promise<readonly Machine[]> {
  return (await provider.machines()).filter(({ state }) => state !== 'terminated');
}

function listed(machines: readonly Machine[]): string {
  const rows = machines.map(({ id, tags, offer, launchedAt }) => [
    tags.clusterName,
    tags.owner,
    tags.role,
    id,
    offer.type,
    tags.region,
    clock(launchedAt),
  ]);
  return table(['CLUSTER', 'OWNER', 'ROLE', 'MACHINE', 'TYPE', 'REGION', 'SINCE'], rows.toSorted());
}
