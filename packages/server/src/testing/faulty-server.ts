import { createServer } from 'node:net';
import { join } from 'node:path';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { Store } from '@daskup/core/state/store';
import { bootScript } from '@daskup/dask/boot-script';
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

/** How machines boot. Those without timers would outlive every one of their own. */
const script: typeof bootScript = (boot, { identify }) => {
  const expiresAt = boot.expiresAt + DAY_MS;
  const late = faults.noTimers ? { joinSeconds: 86_400, idleSeconds: 86_400, expiresAt } : {};
  const ttl = faults.workerTtl ? `\nexport DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=${faults.workerTtl}` : '';
  return bootScript({ ...boot, ...late }, { identify: `${identify}${ttl}` });
};

function untimed({ control }: Parts): void {
  const status = control.status.bind(control);
  control.status = (endpoint, credentials, expiresAt) => status(endpoint, credentials, expiresAt + DAY_MS);
}

/** Somebody else listens where this cluster's scheduler is to, from the moment that its place was chosen. */
function takePort({ local }: Parts, name: string): void {
  const prepare = local.prepare.bind(local);
  local.prepare = async (cluster) => {
    const endpoint = await prepare(cluster);
    if (cluster.clusterName === name)
      createServer()
        .on('error', () => {})
        .listen(endpoint.port, endpoint.address);
    return endpoint;
  };
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
const parts = partsOf(settings, store, () => Date.now() + aheadMs, script);
if (faults.noTimers) untimed(parts);
if (faults.portTakenOf) takePort(parts, faults.portTakenOf);
const CHANGES = ['prepare', 'launch', 'terminate', 'release'] as const;
const stepped = {
  ...parts,
  store: stepping(parts.store, ['create', 'commit']),
  local: stepping(parts.local, CHANGES),
  aws: stepping(parts.aws, CHANGES),
  control: stepping(parts.control, ['retire']),
};
await serve(settings, stepped, false, stop.signal);
process.exit(0);
