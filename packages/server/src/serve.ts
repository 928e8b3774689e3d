import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AwsProvider } from '@daskup/aws/provider';
import { Daskup } from '@daskup/core/daskup';
import { REGIONS } from '@daskup/core/spec/regions';
import type { Store } from '@daskup/core/state/store';
import { bootScript, environmentProblem } from '@daskup/dask/boot-script';
import { issueCredentials } from '@daskup/dask/certificates';
import { connectionYaml } from '@daskup/dask/connection';
import { ControlPort } from '@daskup/dask/control';
import { LocalProvider } from '@daskup/local/provider';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { BadSetting, homeId, socketOf } from './home.ts';
import { routes } from './routes.ts';
import type { Settings } from './settings.ts';
import { sleep } from './sleep.ts';

/** A request that has not arrived whole by then is given up; an answer may take as long as it must. Milliseconds. */
const REQUEST_MS = 10_000;
/** An embedded server ends itself this long after its last cluster and request; milliseconds. */
const EMBEDDED_IDLE_MS = 300_000;

/** What a server stands on, chosen once when it starts. */
export interface Parts {
  readonly store: Store;
  readonly local: LocalProvider;
  readonly aws: AwsProvider;
  readonly control: ControlPort;
  readonly now: () => number;
}

export function partsOf(
  { home, cache, databaseUrl, awsCache, isAwsPublic: isPublic, awsOwn: own, awsCheckip: checkip }: Settings,
  store: Store,
  now = Date.now,
  script = bootScript,
): Parts {
  const local = new LocalProvider({ home: join(home, 'local'), homeId: homeId(home), cache, now, bootScript: script });
  // Whether there are credentials is seen when a region is first named: nothing is loaded or asked before.
  const isAlone = databaseUrl === null;
  const aws = new AwsProvider({
    regions: REGIONS.aws,
    cacheFolder: awsCache,
    isPublic,
    own,
    isAlone,
    checkip,
    now,
    bootScript: script,
  });
  return { store, local, aws, control: new ControlPort(), now };
}

/**
 * Runs the server on these parts until `stop` aborts or, embedded, until nobody has needed it for a while; then ends in
 * order and closes the store. Several may share a home and its local machines, if they share their store too.
 */
export async function serve(settings: Settings, parts: Parts, embedded: boolean, stop: AbortSignal): Promise<void> {
  const { home, databaseUrl, tcp } = settings;
  const { store, local, aws, control, now } = parts;
  const log = (line: string) => console.error(`${new Date().toISOString()} ${line}`);
  const daskup = new Daskup({
    store,
    // Of the first is the region when nobody names one.
    providers: [local, aws],
    control,
    issueCredentials,
    connectionYaml,
    environmentProblem,
    // The embedded store has one process at a time: the next one goes on at once where a dead one was.
    holder: databaseUrl ? `${hostname()} ${process.pid} ${randomUUID()}` : 'embedded',
    reclaim: (id) => local.reclaim(id),
    newId: randomUUID,
    random: Math.random,
    now,
    sleep,
    log,
  });

  let requests = 0;
  let lastUse = Date.now();
  const onRequest = () => {
    requests += 1;
    return () => {
      requests -= 1;
      lastUse = Date.now();
    };
  };
  const socket = socketOf(home);
  const draft = join(home, `${process.pid.toString(36)}.sock`);
  const open = await Promise.all([
    listening(routes(daskup, null, onRequest), { path: draft }),
    ...(tcp ? [listening(routes(daskup, tcp, onRequest), { host: tcp.host, port: tcp.port })] : []),
  ]);
  // In one step: whoever asks meets the server before this one, or this one.
  await rename(draft, socket);
  const { ino } = await stat(socket);
  log(
    `listening on ${socket}${tcp ? ` and ${tcp.host}:${tcp.port}` : ''}${databaseUrl ? '' : '; the embedded store allows one server process'}`,
  );

  const unreadable = (await store.clusters({ live: true })).filter(({ credentials }) => credentials === null);
  for (const { spec } of unreadable)
    log(`${spec.name}: its keys were sealed with another secret key; without that one it can only be ended`);

  const ended = new AbortController();
  const timer = setInterval(async () => {
    if (!embedded || requests > 0) return;
    const live = await store.clusters({ live: true }).catch(() => null);
    // A store that does not answer may have clusters, and then somebody must be there for them.
    if (live === null || live.length > 0) lastUse = Date.now();
    if (Date.now() - lastUse > EMBEDDED_IDLE_MS) ended.abort();
  }, 5_000);
  await daskup.run(AbortSignal.any([stop, ended.signal]));
  clearInterval(timer);
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
  // A server that started later has its own there.
  if ((await stat(socket).catch(() => null))?.ino === ino) await rm(socket, { force: true });
  control.close();
  await store.close();
  log('ended');
}

function listening(app: Hono, where: { path: string } | { host: string; port: number }): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const serverOptions = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  server.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'EADDRINUSE' && 'port' in where
        ? new BadSetting(
            `DASKUP_LISTEN must be a free port, and another program listens on ${where.host}:${where.port}`,
          )
        : error,
    ),
  );
  server.listen(where, () => resolve(server));
  return promise;
}
