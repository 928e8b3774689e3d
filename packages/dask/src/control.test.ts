import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { Credentials, KeyPair } from '@daskup/core/provision/provider';
import { afterEach, expect, test, vi } from 'vitest';
import { issueCredentials } from './certificates.ts';
import { ControlPort } from './control.ts';

// Who is at the other end is what is tried out here; that a real scheduler answers, where clusters are.
const [here, there] = await Promise.all([
  issueCredentials('here', new Date(), 3600),
  issueCredentials('there', new Date(), 3600),
]);
const STATUS = { workers: [], clients: 0, idleSeconds: null, adaptiveTarget: 0, taken: {}, tasks: {} };
const servers: Server[] = [];
const control = new ControlPort();
afterEach(() => {
  vi.useRealTimers();
  control.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Something of this cluster that answers as a scheduler would, with whichever certificate it has. */
async function answering({ ca }: Credentials, { cert, key }: KeyPair) {
  const server = createServer({ ca: ca.cert, cert, key, requestCert: true }, (request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify(STATUS)));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const address = server.address();
  const controlPort = typeof address === 'object' && address ? address.port : 0;
  return { server, endpoint: { address: '127.0.0.1', port: 1, controlPort } };
}

test('only who proves to be the scheduler of the very cluster is spoken to', async () => {
  const { endpoint } = await answering(here, here.scheduler);
  expect(await control.status(endpoint, here, Date.now())).toEqual(STATUS);
  for (const impostor of [here.worker, here.client]) {
    const { endpoint } = await answering(here, impostor);
    await expect(control.status(endpoint, here, Date.now())).rejects.toThrow("does not match certificate's altnames");
  }
  const { endpoint: elsewhere } = await answering(there, there.scheduler);
  await expect(control.status(elsewhere, here, Date.now())).rejects.toThrow(
    'self-signed certificate in certificate chain',
  );
});

test('a cluster that is over is forgotten when the next one comes: its connection is closed', async () => {
  const { server, endpoint } = await answering(here, here.scheduler);
  const { endpoint: next } = await answering(there, there.scheduler);
  const open = async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    server.getConnections((_, count) => resolve(count));
    return promise;
  };
  await control.status(endpoint, here, Date.now());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 4 * 60_000 });
  await control.status(next, there, Date.now());
  expect(await open()).toBe(1);
  vi.setSystemTime(Date.now() + 2 * 60_000);
  const third = await issueCredentials('third', new Date(), 3600);
  await control.status((await answering(third, third.scheduler)).endpoint, third, Date.now());
  await vi.waitFor(async () => expect(await open()).toBe(0));
  expect(await control.status(endpoint, here, Date.now())).toEqual(STATUS);
});
