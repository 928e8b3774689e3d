import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { live } from './testing/life.ts';
import { Server } from './testing/server.ts';

// A server that is killed at one step of a cluster's whole life, and the next one on its home. A step is a change of the
// store, the provider or a scheduler, before it takes effect or after: what a server that dies at a read leaves is what
// one that dies at the step before has left. Some steps here; all of them, until a life has no more:
//
//   EVERY_STEP=1 npx vitest run packages/server/src/killed.test.ts
const EVERY = process.env.EVERY_STEP === '1';

const template = new Server();
let ec2: Ec2;
beforeAll(async () => {
  await template.start();
  await template.say('up 1 name=first'); // Makes the software environment, which no life is to wait for.
  await template.say('down first');
  await template.stop();
  ec2 = await startEc2();
});
afterAll(async () => {
  await template.close();
  await ec2?.close();
});

describe.each([
  { where: 'this computer', some: [2, 8, 12, 27, 41] },
  { where: 'EC2', some: [10, 14, 45] },
])('on $where', ({ where, some }) => {
  const cloud = () => (where === 'EC2' ? ec2 : null);

  test.skipIf(EVERY).each(some)(
    'a server killed at step %i: the next one adopts what runs, finishes, and launches none twice',
    { timeout: 300_000 },
    async (step) => {
      expect(await live(template, step, cloud())).toBe(true);
    },
  );

  test.runIf(EVERY)('whichever step a server is killed at', { timeout: 7_200_000 }, async () => {
    let step = 1;
    while (await live(template, step, cloud())) {
      step += 1;
      ec2.control.refill();
    }
    console.log(`killed at each of ${step - 1} steps`);
    expect(step).toBeGreaterThan(30);
  });
});
