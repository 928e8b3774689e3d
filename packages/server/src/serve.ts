import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
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
import { socketOf } from './home.ts';
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
  { home, cache, awsCache, isAwsPublic: isPublic }: Settings,
  store: Store,
  now = Date.now,
): Parts {
  const local = new LocalProvider({ home: join(home, 'local'), cache, now, bootScript });
  // Whether there are credentials is seen when a region is first named: nothing is loaded or asked before.
  const aws = new AwsProvider({ regions: REGIONS.aws, cacheFolder: awsCache, isPublic, now, bootScript });
  return { store, local, aws, control: new ControlPort(), now };
}

/**
 * Runs the server on these parts until `stop` aborts or, embedded, until nobody has needed it for a while; then ends in
 * order and closes the store. Of servers with one embedded store only the one that opened it gets here: the socket is its.
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
    holder: databaseUrl ? randomUUID() : 'embedded',
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
  await rm(socket, { force: true });
  const open = await Promise.all([
    listening(routes(daskup, null, onRequest), { path: socket }),
    ...(tcp ? [listening(routes(daskup, tcp, onRequest), { host: tcp.host, port: tcp.port })] : []),
  ]);
  log(
    `listening on ${socket}${tcp ? ` and ${tcp.host}:${tcp.port}` : ''}${databaseUrl ? '' : '; the embedded store allows one server process'}`,
  );

  const ended = new AbortController();
  const timer = setInterval(async () => {
    if (!embedded || requests > 0) return;
    if ((await store.clusters({ live: true })).length > 0) lastUse = Date.now();
    if (Date.now() - lastUse > EMBEDDED_IDLE_MS) ended.abort();
  }, 5_000);
  await daskup.run(AbortSignal.any([stop, ended.signal]));
  clearInterval(timer);
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
  await rm(socket, { force: true });
  control.close();
  await store.close();
  log('ended');
}

function listening(app: Hono, where: { path: string } | { host: string; port: number }): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const serverOptions = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  server.once('error', reject);
  server.listen(where, () => resolve(server));
  return promise;
}
