import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterView } from '@daskup/core/observe/view';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cut, Server } from './testing/server.ts';

// A server that is killed at one step of a cluster's whole life, and the next one on its home. A step is a change of the
// store, the provider or a scheduler, before it takes effect or after: what a server that dies at a read leaves is what
// one that dies at the step before has left. Some steps here; all of them, until a life has no more:
//
//   EVERY_STEP=1 npx vitest run packages/server/src/killed.test.ts
const EVERY = process.env.EVERY_STEP === '1';
const SOME = [2, 8, 12, 27, 41];

const LIFE: readonly (readonly [line: string, reached: (view: ClusterView) => boolean])[] = [
  ['up 1 name=x', ({ phase, workers }) => phase === 'ready' && workers.joined === 1],
  ['scale x 2', ({ workers }) => workers.joined === 2],
  ['scale x 1', ({ workers }) => workers.joined === 1 && workers.leaving === 0],
  ['down x', ({ phase }) => phase === 'ended'],
];

/** A store that is made already: making it takes longer than all of a life's commands. */
const template = new Server();
beforeAll(async () => {
  await template.start();
  await template.say('up 1 name=first'); // Makes the software environment, which no life is to wait for.
  await template.say('down first');
  await template.stop();
});
afterAll(() => template.close());

/** Lives a life whose server dies at that step; returns whether it did. */
async function live(dieAtStep: number): Promise<boolean> {
  const server = new Server();
  try {
    cpSync(join(template.home, 'store'), join(server.home, 'store'), { recursive: true });
    await server.start({ dieAtStep });
    const { ledger: before } = await server.tell();
    let died = false;
    for (const [line, reached] of LIFE) {
      try {
        await server.say(line);
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
        died = true;
        await server.start();
        // As a person would, who does not know whether the first time did anything.
        await server.say(line).catch((refused: Error) => expect(refused.message).toMatch(/already/));
      }
      await server.until('x', reached);
    }
    await server.gone();
    expect(server.machines).toHaveLength(3);
    const { ledger } = await server.tell();
    const paid = ledger.slice(before.length).map(({ machineId }) => machineId);
    expect(paid.toSorted()).toEqual(server.machines.toSorted());
    return died;
  } finally {
    await server.close();
  }
}

test.skipIf(EVERY).each(SOME)(
  'a server killed at step %i: the next one adopts what runs, finishes, and launches none twice',
  { timeout: 300_000 },
  async (step) => {
    expect(await live(step)).toBe(true);
  },
);

test.runIf(EVERY)('whichever step a server is killed at', { timeout: 7_200_000 }, async () => {
  let step = 1;
  while (await live(step)) step += 1;
  console.log(`killed at each of ${step - 1} steps`);
  expect(step).toBeGreaterThan(30);
});
