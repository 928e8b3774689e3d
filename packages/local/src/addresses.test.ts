import { createServer } from 'node:net';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { addressOf, freePorts } from './addresses.ts';

test.prop([fc.string()])(
  'an address is always the same, of the loopback network and away from where others are',
  (id) => {
    const address = addressOf(id);
    expect(addressOf(id)).toBe(address);
    const [network, a, b, c] = address.split('.').map(Number);
    expect(network).toBe(127);
    expect(a).toBeGreaterThanOrEqual(16);
    expect(a).toBeLessThan(240);
    expect(b).toBeLessThanOrEqual(255);
    expect(c).toBeGreaterThanOrEqual(1);
    expect(c).toBeLessThanOrEqual(254);
  },
);

test('the ports are two, and can be listened on', async () => {
  const address = addressOf('ports');
  const ports = await freePorts(address);
  expect(new Set(ports).size).toBe(2);
  for (const port of ports) {
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.on('error', reject);
    server.listen(port, address, resolve);
    await promise;
    server.close();
  }
});

test('an address that is not this computer’s is said', async () => {
  // Of a network that is for documentation only (RFC 5737).
  await expect(freePorts('192.0.2.1')).rejects.toThrow('EADDRNOTAVAIL');
});
