import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '@daskup/server/testing/server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ended, Shell } from './testing/shell.ts';
import { ShellOnEc2 } from './testing/shell-on-ec2.ts';

// What EC2 does to its users, and what those see of it: a line each, and nothing left.
const REGION = 'eu-west-2';
const PATIENCE = { timeout: 60_000, interval: 100 };

let shell: ShellOnEc2;
/** Whose servers have read no prices yet: with no credentials, and with such as a test gives. */
let nobody: Shell;
let stranger: Shell;
beforeAll(async () => {
  shell = await ShellOnEc2.open();
  const nowhere = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
  nobody = shell.beside({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, ...nowhere });
  stranger = shell.beside({});
  await Promise.all([shell.line(`plan 1 ${REGION}`), nobody.line('ls'), stranger.line('ls')]);
});
afterEach(async () => {
  shell.control.calm();
  shell.control.refill();
  if (shell.control.left().length > 0) await shell.line('down --all --yes');
  await nothingLeft();
});
afterAll(() => shell?.close());

/** What costs, or would have to be cleaned up, is gone: by itself, or after what a test did. */
async function nothingLeft(): Promise<void> {
  await expect.poll(() => shell.control.left(), PATIENCE).toEqual([]);
}

function workersOf(cluster: string) {
  return shell.instances(cluster).filter(({ tags }) => tags['daskup:role'] === 'worker');
}

/** Ends the cluster, and waits until EC2 has. */
async function ended(cluster: string): Promise<void> {
  expect(await shell.line(`down ${cluster}`)).toMatchObject({
    code: 0,
    out: expect.stringContaining('no machine is left'),
  });
  await nothingLeft();
}

/** That it is refused in a line, and nothing was made. */
function refused({ code, out, err }: Ended, told: string | RegExp, exits: 1 | 2 = 2): void {
  const lines = err.split('\n').filter((line) => line !== '' && !line.includes('starting daskup'));
  expect({ code, out, lines }).toEqual({ code: exits, out: '', lines: [expect.stringMatching(told)] });
  expect(shell.control.left()).toEqual([]);
}

describe('for want of room', () => {
  test('in one pool, others are taken, and nobody hears of it', async () => {
    const { plan } = await shell.say<'plan'>(`plan 1 ${REGION} spot type=c7g,m7g`);
    const [cheapest] = plan.sites[0]?.workers ?? [];
    shell.control.setFaults({ emptyPools: [`spot/${cheapest?.type}/`] });
    const up = await shell.line(`up 1 ${REGION} spot type=c7g,m7g name=pool`);
    expect(up, up.err).toMatchObject({ code: 0, out: expect.stringContaining('1 of 1 workers, 1 of them spot') });
    expect(up.err).not.toContain('capacity');
    expect(workersOf('pool').map(({ type }) => type)).not.toContain(cheapest?.type);
    await ended('pool');
  });

  test('on spot, machines on demand are taken; spot-only waits, and says so', async () => {
    shell.control.setFaults({ emptyPools: ['spot/'] });
    const up = await shell.line(`up 1 ${REGION} spot type=m7a name=dear`);
    expect(up, up.err).toMatchObject({ code: 0, out: expect.stringContaining('1 of 1 workers, 0 of them spot') });
    expect(up.err).toMatch(
      /^dear: 0 of 1 workers launched: no spot capacity for m7a\.\w+ in eu-west-2\w(, nor in \d+ more pools)?$/m,
    );
    expect(up.err).toContain('dear: no spot capacity: 1 worker on demand instead\n');
    await ended('dear');

    const waiting = shell.line(`up 1 ${REGION} spot-only type=m7a name=stern`);
    await expect.poll(async () => (await shell.line('status stern')).out, PATIENCE).toContain('trying again in 30s');
    expect(workersOf('stern')).toEqual([]);
    await ended('stern');
    const { code, err } = await waiting;
    expect(code).toBe(1);
    expect(err).toContain('stern: no offer has room for 1 more worker; trying again in 30s\n');
    expect(err).toMatch(/daskup: stern ended: asked for by \w+\n$/);
  });

  test('for one of three, the others are a cluster, with a warning', async () => {
    shell.control.setFaults({ poolLimits: { 'spot/c6g.large/': 2 } });
    const up = await shell.line(`up 3 ${REGION} spot-only type=c6g.large quorum=60% name=most`);
    expect(up, up.err).toMatchObject({ code: 0, out: expect.stringContaining('most is ready: 2 of 3 workers') });
    expect(up.err).toMatch(/^most: 2 of 3 workers launched: no spot capacity for c6g\.large in eu-west-2\w$/m);
    expect(up.err).toContain('most: ready with 2 of 3 workers');
    expect((await shell.line('logs most')).out).toMatch(/warning: 2 of 3 workers launched/);
    await ended('most');
  });

  test('of throttled machines, the rest is asked for as EC2 lets go of more, and how long that takes is told', async () => {
    shell.control.drain(['runMachines']);
    shell.control.forgetCalls();
    const up = shell.line(`up 200 ${REGION} spot-only type=c6a.large name=slow`);
    await expect
      .poll(async () => (await shell.line('status slow')).out, PATIENCE)
      .toMatch(/\d+ more take about \d+m\d+s/);
    await delay(3_000);
    expect(shell.control.calls()[REGION]?.CreateFleet).toBe(1);
    await ended('slow');
    expect(await up).toMatchObject({ code: 1 });
  });
});

describe('whatever becomes of calls, there is the cluster that was asked for, and no machine too many', () => {
  test.each([
    ['throttled', 'all', () => shell.control.drain()],
    [
      'answered',
      'never, though they had their effect',
      () =>
        shell.control.setFaults({
          failAfter: {
            CreateNetworkInterface: 1,
            RunInstances: 1,
            CreateLaunchTemplate: 1,
            CreateFleet: 1,
            TerminateInstances: 1,
          },
        }),
    ],
    ['shown', 'late', () => shell.control.setFaults({ lagMs: 3_000 })],
  ])('%s: %s', async (what, _, begin) => {
    begin();
    const up = await shell.line(`up 1 ${REGION} name=${what}`);
    expect(up, up.err).toMatchObject({ code: 0, out: expect.stringContaining(`${what} is ready: 1 of 1 workers`) });
    expect(shell.instances(what)).toHaveLength(2);
    if (what !== 'answered') begin();
    await ended(what);
    // Every call that was to lose its answer has been made.
    expect(Object.values(shell.control.faults().failAfter).filter((left) => left > 0)).toEqual([]);
  });
});

describe('machines', () => {
  test('that EC2 takes back cost nothing in their first hour, are left to it, and are replaced at once', async () => {
    await shell.line(`up 2 ${REGION} spot type=r7g name=taken away=1h`);
    const [sudden, noticed] = workersOf('taken').map(({ id }) => id);
    const started = async () =>
      (await shell.line('logs taken')).out.match(/^daskup: \d+s starting dask \w+$/gm)?.length;
    // Once they have told their scheduler, a moment after they joined, EC2 is not asked for what they printed.
    await expect.poll(started, PATIENCE).toBe(3);
    shell.control.forgetCalls();
    expect(await started()).toBe(3);
    expect(Object.keys(shell.control.calls()[REGION] ?? {})).not.toContain('GetConsoleOutput');

    const joined = async () => {
      const { cluster, machines } = await shell.say<'status'>('status taken');
      const gone = machines.filter(({ state }) => state === 'terminated').map(({ id, endReason }) => [id, endReason]);
      return { joined: cluster.workers.joined, leaving: cluster.workers.leaving, gone: Object.fromEntries(gone) };
    };
    shell.control.reclaim({ match: sudden ?? '', notice: false });
    const first = { [sudden ?? '']: 'spot reclaim' };
    await expect.poll(joined, PATIENCE).toEqual({ joined: 2, leaving: 0, gone: first });
    shell.control.reclaim({ match: noticed ?? '' });
    await expect.poll(joined, PATIENCE).toEqual({ joined: 2, leaving: 1, gone: first });
    // Emptied, it has nothing to do any more, and nobody ends it.
    await delay(12_000);
    expect(shell.instances('taken').map(({ id }) => id)).toContain(noticed);
    expect(Object.keys(shell.control.calls()[REGION] ?? {})).not.toContain('TerminateInstances');
    shell.control.reclaim({ match: noticed ?? '', notice: false });
    await expect
      .poll(joined, PATIENCE)
      .toMatchObject({ joined: 2, leaving: 0, gone: { ...first, [noticed ?? '']: 'spot reclaim' } });

    await ended('taken');
    const { bills } = shell.control.meter();
    const mine = bills.filter(({ tags }) => tags['daskup:cluster'] === 'taken');
    const micros = (ids: readonly (string | undefined)[]) =>
      mine.filter(({ id }) => ids.includes(id)).reduce((sum, bill) => sum + bill.micros, 0);
    expect(micros([sudden, noticed])).toBe(0);
    const { rows } = await shell.say<'cost'>('cost today');
    expect(rows.find(({ key }) => key === 'taken')?.micros).toBe(micros(mine.map(({ id }) => id)));
  });

  test('of a zone that is lost are a cluster that failed, for the reason that EC2 gives', async () => {
    await shell.line(`up 1 ${REGION} name=lost`);
    shell.control.loseZone(shell.instances('lost')[0]?.zone ?? '');
    const status = async () => (await shell.line('status lost')).out;
    await expect.poll(status, PATIENCE).toMatch(/^failed: its scheduler ended: EC2 had an internal error$/m);
  });

  test('whose environment is no good fail the cluster at once, with what they printed last', async () => {
    const python = join(shell.home, 'python');
    writeFileSync(python, '#!/bin/bash\nexit 1\n', { mode: 0o755 });
    const { code, err } = await shell.line(`up 1 ${REGION} name=unmade python=${python}`);
    const why = 'its Python has no Dask. Add dask[distributed] to the requirements, or name an interpreter';
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(`s ending: ${why}`) });
    expect(err).toMatch(/^unmade: (scheduler|worker) i-\w+ ended: its Python has no Dask/m);
    expect(err).toContain(`daskup: unmade failed: its scheduler ended: ${why}`);
    expect(err).toMatch(/Its boot logs tell more: logs unmade\n$/);
    await nothingLeft();
  });

  test('that never boot, or break off in the middle, fail the cluster with what there is to read', async () => {
    const server = new Server();
    await server.start({}, { ...shell.env, DASKUP_HOME: server.home });
    const late = shell.beside({ DASKUP_HOME: server.home });
    try {
      shell.control.setFaults({ neverBoot: 1 });
      const never = late.line(`up 1 ${REGION} name=never`);
      await expect.poll(() => shell.instances('never'), PATIENCE).toHaveLength(2);
      shell.control.setFaults({ neverBoot: 0, failBoot: 1 });
      const broken = late.line(`up 1 ${REGION} name=broken`);
      await expect
        .poll(() => shell.instances('broken').map(({ state }) => state), PATIENCE)
        .toEqual(['running', 'running']);
      // Its time is over by the server's clock; but what a clock skips says nothing of what was to be seen meanwhile, so that
      // the server is to look at least once in a quarter of a minute. How long it takes to look is this computer's business.
      let isOver = false;
      const both = Promise.all([never, broken]).finally(() => {
        isOver = true;
      });
      for (let looks = 0; !isOver; looks++) {
        await server.tell({ aheadMs: 16 * 60_000 + looks * 14_000 });
        await delay(700 + looks * 20);
      }
      await both;
      for (const [name, up] of [
        ['never', never],
        ['broken', broken],
      ] as const) {
        const { code, err } = await up;
        expect({ code, err }).toMatchObject({
          code: 1,
          err: expect.stringContaining(`${name} failed: no worker joined within 15m`),
        });
        expect(err).toContain(name === 'never' ? 'has said:  nothing' : 'daskup: 0s');
      }
    } finally {
      await server.close();
    }
  });
});

describe('what cannot be is refused in a line, and nothing is made', () => {
  test.each([
    ['type=m7g.largee', 'eu-west-2 has no instance type m7g.largee; did you mean m7g.large?'],
    ['arm type=m5.large', 'm5.large is x86_64, not arm64: leave out arm, or ask for another type'],
    ['gpu=v200', 'eu-west-2 has no v200 GPU; there is: a100, '],
    [
      'max-price=0.0001',
      /max-price=\$0\.0001 is under the market: the cheapest that fits is \S+ \S+ in eu-west-2\w at \$/,
    ],
    ['cpu=4000', /No instance type fits .*fewer than 4000 vCPUs/],
  ])('%s', async (words, told) => {
    refused(await shell.line(`up 1 ${REGION} ${words}`), told);
  });

  test('a region that there is not', async () => {
    refused(await shell.line('up 1 eu-west-22'), 'no region eu-west-22; did you mean eu-west-2?');
  });

  test('without credentials', async () => {
    refused(await nobody.line(`up 1 ${REGION}`), /There are no AWS credentials here\. .*aws configure/, 1);
  });

  test('with credentials that AWS does not take, by a server that is new', async () => {
    for (const [code, told] of [
      ['ExpiredToken', /The AWS credentials have expired\. Log in again/],
      ['RequestExpired', /the credentials have expired, or this computer's clock is wrong\. Set the clock/],
      [
        'UnauthorizedOperation',
        /permission ec2:DescribeSpotPriceHistory is missing\. .*docs\/aws\.md has the least policy/,
      ],
    ] as const) {
      shell.control.setFaults({ refused: { '*': code } });
      refused(await stranger.line(`up 1 ${REGION}`), told, 1);
    }
    shell.control.setFaults({ refused: { RunInstances: 'UnauthorizedOperation' } });
    refused(await stranger.line(`up 1 ${REGION}`), /permission ec2:RunInstances is missing\. Allow it to /);
  });

  test('with credentials that expire, or a permission that is taken away, while a cluster comes', async () => {
    for (const [name, action, code, told] of [
      ['expired', '*', 'ExpiredToken', 'The AWS credentials have expired. Log in again'],
      [
        'placeless',
        'CreateNetworkInterface',
        'UnauthorizedOperation',
        'permission ec2:CreateNetworkInterface is missing',
      ],
      ['workless', 'CreateFleet', 'UnauthorizedOperation', 'permission ec2:CreateFleet is missing'],
    ] as const) {
      shell.control.setFaults({ refused: { [action]: code } });
      const up = shell.line(`up 1 ${REGION} name=${name}`);
      const story = async () => (await shell.line(`status ${name}`)).out;
      await expect.poll(story, PATIENCE).toMatch(new RegExp(`failed: .*${told}`));
      // What is there can be given up once that is allowed.
      shell.control.calm();
      const { code: exit, err } = await up;
      expect({ exit, err }).toMatchObject({ exit: 1, err: expect.stringContaining(`daskup: ${name} failed: `) });
      expect(err).toContain(told);
      await nothingLeft();
    }
  });

  test('machines that may not be listed are a warning', async () => {
    shell.control.setFaults({ refused: { DescribeInstances: 'UnauthorizedOperation' } });
    const up = await shell.line(`up 1 ${REGION} name=unseen`);
    expect(up, up.err).toMatchObject({ code: 0 });
    expect(up.err).toContain(
      'unseen: its machines could not be listed: AWS, eu-west-2: permission ec2:DescribeInstances is missing',
    );
    shell.control.calm();
    await ended('unseen');
  });
});
