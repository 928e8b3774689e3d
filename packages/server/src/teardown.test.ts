import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Server } from './testing/server.ts';

// Each layer of teardown alone, the others off, ends a cluster of which no process is left. The fifth, `daskup sweep`, is
// tested where that command is. Machines of the server here would outlive every timer of their own.
describe.each(['local', 'us-east-1'])('in %s', (region) => {
  let ec2: Ec2 | null = null;
  let server: Server;
  beforeAll(async () => {
    if (region !== 'local') ec2 = await startEc2();
    server = new Server(ec2);
    await server.start({ noTimers: true });
  });
  afterAll(async () => {
    await server?.close();
    await ec2?.close();
  });

  async function machinesOf(name: string): Promise<readonly string[]> {
    return (await server.say<'status'>(`status ${name}`)).machines.map(({ id }) => id);
  }

  /** How the cluster ended, once no process of it is left; prints how long that took from `since`. */
  async function ended(name: string, since: number): Promise<string> {
    const { why } = await server.until(name, ({ phase }) => phase === 'ended');
    const ids = await machinesOf(name);
    expect(ids).toHaveLength(2);
    expect(server.processes(ids)).toEqual([]);
    console.log(`${name}: gone after ${((Date.now() - since) / 1000).toFixed(1)} s`);
    return why;
  }

  test('down', async () => {
    await server.say(`up 1 ${region} name=told`);
    expect(server.processes(await machinesOf('told')).length).toBeGreaterThan(2);
    const since = Date.now();
    await server.say('down told');
    expect(await ended('told', since)).toBe('asked for by ada');
  });

  describe.concurrent("the server's lease", () => {
    test('its TTL', async () => {
      await Promise.allSettled([server.say(`up 1 ${region} name=old ttl=20s`)]);
      const { cluster } = await server.say<'status'>('status old');
      expect(await ended('old', cluster.expiresAt)).toBe('its TTL is over');
    });

    test('idle', async () => {
      // On a slow computer it may be idle for long enough by the time it is ready.
      await Promise.allSettled([server.say(`up 1 ${region} name=idle idle=3s`)]);
      expect(await ended('idle', Date.now())).toBe('it was idle for 3s');
    });

    test('no client since the last one left', async () => {
      await server.say(`up 1 ${region} name=left away=2s`);
      // The server looks once a second: a client that is gone by then was never there.
      const python =
        'from dask.distributed import Client\nimport time\nc = Client()\ntime.sleep(5)\nprint(c.submit(sum, [1, 2, 3]).result())';
      expect(await server.python('left', python)).toBe('6');
      expect(await ended('left', Date.now())).toBe('its last client left 2s ago');
    });
  });

  test('the sweep by tags, of machines whose cluster is over', async () => {
    await server.say(`up 1 ${region} name=forgotten`);
    const ids = await machinesOf('forgotten');
    // It has swept a moment ago, and comes again a minute after that.
    await server.tell({ forget: true });
    const since = Date.now();
    expect(server.processes(ids).length).toBeGreaterThan(2);
    await server.tell({ aheadMs: 60_000 });
    await server.gone(ids);
    console.log(`forgotten: gone ${((Date.now() - since) / 1000).toFixed(1)} s after the minute was over`);
  });

  test('the timer on the machines themselves, with no server', async () => {
    await server.stop();
    await server.start();
    await server.say(`up 1 ${region} name=alone ttl=20s`);
    const { cluster } = await server.say<'status'>('status alone');
    const ids = await machinesOf('alone');
    await server.kill();
    expect(server.processes(ids).length).toBeGreaterThan(2);
    await server.gone(ids);
    console.log(`alone: gone ${((Date.now() - cluster.expiresAt) / 1000).toFixed(1)} s after its TTL`);
  });
});
