import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterView } from '@daskup/core/observe/view';
import type { Ec2 } from '@daskup/emulators/ec2/start';
import { expect } from 'vitest';
import { Cut, Server } from './server.ts';

/** A cluster's life, in lines and what each has done. */
const LIFE: readonly (readonly [line: string, reached: (view: ClusterView) => boolean])[] = [
  ['up 1', ({ phase, workers }) => phase === 'ready' && workers.joined === 1],
  ['scale x 2', ({ workers }) => workers.joined === 2],
  ['scale x 1', ({ workers }) => workers.joined === 1 && workers.leaving === 0],
  ['down x', ({ phase }) => phase === 'ended'],
];
/** Of its machines: one scheduler, two workers. */
const MACHINES = 3;

/**
 * Lives a life whose server dies at that step of all its changes; each next one begins on what that has left.
 * @param template a server whose store is made already: making it takes longer than all of a life's commands.
 * @param ec2 where its machines are, in place of this computer.
 * @returns whether it died.
 */
export async function live(template: Server, dieAtStep: number, ec2: Ec2 | null = null): Promise<boolean> {
  const server = new Server(ec2);
  const others = server.machines;
  try {
    cpSync(join(template.home, 'store'), join(server.home, 'store'), { recursive: true });
    await server.start({ dieAtStep });
    const { ledger: before } = await server.tell();
    let died = false;
    for (const [words, reached] of LIFE) {
      const line = words === 'up 1' ? `up 1 ${ec2 ? 'us-east-1' : 'local'} name=x` : words;
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
    const mine = server.machines.filter((id) => !others.includes(id));
    await server.gone(mine);
    expect(mine).toHaveLength(MACHINES);
    const { ledger } = await server.tell();
    const paid = ledger.slice(before.length);
    expect(paid.map(({ machineId }) => machineId).toSorted()).toEqual(mine.toSorted());
    if (ec2) {
      const bills = ec2.control.meter().bills.filter(({ id }) => mine.includes(id));
      expect(sumOf(paid)).toBe(sumOf(bills));
      expect(ec2.control.left()).toEqual([]);
    }
    return died;
  } finally {
    await server.close();
  }
}

function sumOf(amounts: readonly { readonly micros: number }[]): number {
  return amounts.reduce((sum, { micros }) => sum + micros, 0);
}
