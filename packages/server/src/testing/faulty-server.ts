import { createServer } from 'node:net';
import { join } from 'node:path';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { Store } from '@daskup/core/state/store';
import { bootScript } from '@daskup/dask/boot-script';
import { LocalProvider } from '@daskup/local/provider';
import { openStore } from '@daskup/store/open';
import { makeHome } from '../home.ts';
import { secretKeyIn } from '../secret-key.ts';
import { type Parts, partsOf, serve } from '../serve.ts';
import { settingsFrom } from '../settings.ts';
import type { Faults, Order, Report } from './server.ts';

// A server as `main.ts` makes it, of the same parts, but for what its first argument says is to go wrong. Its parent may
// tell it more; it does not outlive its parent.
const DAY_MS = 86_400_000;
const faults: Faults = JSON.parse(process.argv[2] ?? '{}');
let aheadMs = faults.aheadMs ?? 0;
let steps = 0;

const report = (what: Report) => process.send?.(what);

/** A step of a change: the process may die before it takes effect, or after that and before anybody knows. */
function step(): void {
  steps += 1;
  if (steps === faults.dieAtStep) process.kill(process.pid, 'SIGKILL');
}

/** The same object, whose methods of these names are two steps each. */
function stepping<T extends object>(target: T, names: readonly (keyof T)[]): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (!names.includes(name as keyof T)) return value.bind(target);
      return async (...args: unknown[]) => {
        step();
        const answer: unknown = await value.apply(target, args);
        step();
        return answer;
      };
    },
  });
}

/** Machines that boot otherwise than they are told to. */
function withBootScript(parts: Parts, script: typeof bootScript): Parts {
  const { home, cache } = settings;
  return {
    ...parts,
    local: new LocalProvider({
      homeId: parts.local.home ?? '',
      home: join(home, 'local'),
      cache,
      now: parts.now,
      bootScript: script,
    }),
  };
}

/** Machines that would outlive every one of their own timers. */
function untimed(parts: Parts): Parts {
  const status = parts.control.status.bind(parts.control);
  parts.control.status = (endpoint, credentials, expiresAt) => status(endpoint, credentials, expiresAt + DAY_MS);
  const late = { joinSeconds: 86_400, idleSeconds: 86_400 };
  return withBootScript(parts, (boot, platform) =>
    bootScript({ ...boot, ...late, expiresAt: boot.expiresAt + DAY_MS }, platform),
  );
}

function withWorkerTtl(parts: Parts, ttl: string): Parts {
  return withBootScript(parts, (boot, { identify }) =>
    bootScript(boot, { identify: `${identify}\nexport DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=${ttl}` }),
  );
}

/** Somebody else listens where this cluster's scheduler is to, from the moment that its place was chosen. */
function withPortTaken(parts: Parts, name: string): Parts {
  const prepare = parts.local.prepare.bind(parts.local);
  parts.local.prepare = async (cluster) => {
    const endpoint = await prepare(cluster);
    if (cluster.clusterName === name)
      createServer()
        .on('error', () => {})
        .listen(endpoint.port, endpoint.address);
    return endpoint;
  };
  return parts;
}

/** What a bug, or a hand in the database, could do: the clusters are over, and their machines run on. */
async function forget(store: Store): Promise<void> {
  for (const { id } of await store.clusters({ live: true })) {
    await store.commit(id, (cluster) =>
      isLive(cluster.state)
        ? { cluster: { ...cluster, state: { phase: 'ended', at: parts.now(), why: 'forgotten' } } }
        : {},
    );
  }
}

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('disconnect', () => process.exit(1));
process.on('message', async (order: Order) => {
  if (order.aheadMs !== undefined) aheadMs = order.aheadMs;
  if (order.forget) await forget(parts.store);
  const ledger = await parts.store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER });
  report({ steps, ledger });
});

const settings = settingsFrom(process.env);
makeHome(settings.home);
const store = await openStore({
  folder: join(settings.home, 'store'),
  secretKey: settings.secretKey ?? secretKeyIn(settings.home),
});
let parts = partsOf(settings, store, () => Date.now() + aheadMs);
if (faults.noTimers) parts = untimed(parts);
if (faults.workerTtl) parts = withWorkerTtl(parts, faults.workerTtl);
if (faults.portTakenOf) parts = withPortTaken(parts, faults.portTakenOf);
parts = {
  ...parts,
  store: stepping(parts.store, ['create', 'commit']),
  local: stepping(parts.local, ['prepare', 'launch', 'terminate', 'release']),
  control: stepping(parts.control, ['retire']),
};
await serve(settings, parts, false, stop.signal);
process.exit(0);
