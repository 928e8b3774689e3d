import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

// Every wish that EC2 can meet, as a person types it: the real program and its server, the real SDK over HTTP, real Dask.
let shell: ShellOnEc2;
beforeAll(async () => {
  shell = await ShellOnEc2.open();
});
afterEach(async () => {
  await shell.daskup('down', '--all', '--yes');
  shell.control.calm();
  shell.control.refill();
  expect(shell.control.left()).toEqual([]);
});
afterAll(() => shell?.close());

/** What the workers of a cluster are, once it is up. */
async function workersOf(name: string) {
  const { machines } = await shell.say<'status'>(`status ${name}`);
  return machines.filter(({ role, state }) => role === 'worker' && state !== 'terminated');
}

describe('a worker', () => {
  test('has a GPU of the kind that was asked for', async () => {
    await shell.say('up 1 us-east-1 gpu=1xt4 name=gpu');
    const [worker] = await workersOf('gpu');
    expect(worker?.type).toMatch(/^g4dn\./);
    expect(
      await shell.python(
        'gpu',
        'from dask.distributed import Client; print(len(Client().scheduler_info()["workers"]))',
      ),
    ).toBe('1');
  });

  test('is ARM, as is its image, though the scheduler may be another', async () => {
    await shell.say('up 1 us-east-1 spot arm name=arm');
    const [worker] = await workersOf('arm');
    // Graviton, by AWS's names: the letter after the generation, or its first family.
    expect(worker?.type).toMatch(/^(a1|[a-z]+\d+g)/);
  });

  test('has a local SSD', async () => {
    await shell.say('up 1 us-east-1 ssd name=ssd');
    const [worker] = await workersOf('ssd');
    expect(worker?.type).toMatch(/^(i\d|d\d|[a-z]+\d+[a-z]*d[a-z]*\.)/);
  });

  test('has much memory', async () => {
    await shell.say('up 1 us-east-1 memory=500GiB name=big');
    const [offer] = shell.instances('big').filter(({ tags }) => tags['daskup:role'] === 'worker');
    expect(offer?.type).toMatch(/^[rxuim]\d/);
  });

  test('is of a family that was named', async () => {
    await shell.say('up 1 us-east-1 type=m7i,m7a.large name=family');
    const [worker] = await workersOf('family');
    expect(worker?.type).toMatch(/^(m7i\.|m7a\.large$)/);
  });
});

describe('where there is no room', () => {
  test('for spot, on-demand is taken and it is said', async () => {
    shell.control.setFaults({ emptyPools: ['spot/'] });
    const { code, out, err } = await shell.daskup('up', '2', 'spot', 'us-east-1', 'name=back');
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toMatch(/2 of 2 workers/);
    expect(shell.instances('back').map(({ market }) => market)).toEqual(['on-demand', 'on-demand', 'on-demand']);
  });

  test('in the best of two regions, the whole cluster is in the other', async () => {
    const { plan } = await shell.say<'plan'>('plan 1 spot us-west-1+eu-west-2');
    const [best = '', next = ''] = plan.sites.map(({ region }) => region);
    shell.control.setFaults({ emptyPools: [`/${best}`] });
    await shell.say('up 1 spot us-west-1+eu-west-2 name=two');
    expect(shell.instances('two').map(({ zone }) => zone.slice(0, -1))).toEqual([next, next]);
  });
});

test('a range follows the work: many tasks bring workers, none leave the least', async () => {
  await shell.say('up 1..4 spot us-east-1 name=range');
  expect(await workersOf('range')).toHaveLength(1);
  const work = [
    'from dask.distributed import Client',
    'import time',
    'c = Client()',
    'futures = c.map(lambda i: time.sleep(0.5) or i, range(200))',
    'c.wait_for_workers(3, timeout=90)',
    'print(sum(c.gather(futures)))',
  ];
  expect(await shell.python('range', work.join('\n'))).toBe(String((199 * 200) / 2));
  await shell.until(
    () => workersOf('range'),
    (workers) => workers.length === 1,
  );
});

describe('it ends by itself', () => {
  test('at its TTL', async () => {
    await shell.daskup('up', '1', 'us-east-1', 'ttl=25s', 'name=old');
    await shell.until(
      () => shell.control.left(),
      (left) => left.length === 0,
    );
    expect((await shell.say<'status'>('status old')).cluster.why).toContain('TTL');
  });

  test('when it is idle', async () => {
    await shell.daskup('up', '1', 'us-east-1', 'idle=4s', 'name=idle');
    await shell.until(
      () => shell.control.left(),
      (left) => left.length === 0,
    );
    expect((await shell.say<'status'>('status idle')).cluster.why).toContain('idle');
  });
});

test('what was paid is what EC2 bills, to the micro-dollar', async () => {
  await shell.say('up 3 spot us-east-1 name=paid');
  await shell.say('down paid');
  const { bills } = shell.control.meter();
  const ids = new Set(
    shell.control
      .state()
      .instances.filter(({ tags }) => tags['daskup:cluster'] === 'paid')
      .map(({ id }) => id),
  );
  const billed = bills.filter(({ id }) => ids.has(id)).reduce((sum, { micros }) => sum + micros, 0);
  const { cluster } = await shell.say<'status'>('status paid');
  expect(ids.size).toBe(4);
  expect(cluster.spentMicros).toBe(billed);
});
