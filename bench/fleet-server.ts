import { randomBytes } from 'node:crypto';
import { Daskup } from '@daskup/core/daskup';
import { connectionYaml } from '@daskup/dask/connection';
import { routes } from '@daskup/server/routes';
import { sleep } from '@daskup/server/sleep';
import { openStore } from '@daskup/store/open';
import { createAdaptorServer } from '@hono/node-server';
import { populate } from './fleet.ts';

// The server, with so many clusters of a pretend cloud in the place of this computer's: node fleet-server.ts clusters folder [url]
const [clusters = '', folder = '', databaseUrl] = process.argv.slice(2);
const store = await openStore({
  folder: `${folder}/store`,
  secretKey: randomBytes(32),
  ...(databaseUrl ? { databaseUrl } : {}),
});
const fleet = await populate(store, Number(clusters), Date.now);
const daskup = new Daskup({
  store,
  providers: [fleet],
  control: fleet,
  issueCredentials: async () => Promise.reject(new Error('no cluster is made here')),
  connectionYaml,
  environmentProblem: () => null,
  reclaim: async () => {},
  holder: 'bench',
  newId: () => 'none',
  random: Math.random,
  now: Date.now,
  sleep,
  log: console.error,
});
const server = createAdaptorServer({ fetch: routes(daskup, null, () => () => {}).fetch });
server.listen(`${folder}/server.sock`);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await daskup.run(stop.signal);
await store.close();
process.exit(0);
