import type { Machine } from '@daskup/core/provision/provider';
import { beforeEach, expect, test } from 'vitest';
import { Listings } from './listings.ts';

let now: number;
let calls: number;
let answer: readonly Machine[] | Error;
let listings: Listings;
beforeEach(() => {
  now = 1_000_000;
  calls = 0;
  answer = [];
  listings = new Listings(
    async () => {
      calls += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    () => now,
  );
});
const list = () => listings.list('eu-west-2', 'here');
const machine = (id: string, state: Machine['state']) => ({ id, state }) as Machine;
const living = [machine('i-1', 'running'), machine('i-2', 'terminated')];

/** How often it is looked at within so many seconds of being asked ten times in each. */
async function callsIn(seconds: number): Promise<number> {
  const before = calls;
  for (let i = 0; i < seconds * 10; i++) {
    await list();
    now += 100;
  }
  return calls - before;
}

test('however often it is asked, a region whose machines come and go is looked at once a second', async () => {
  for (const state of ['pending', 'stopping'] as const) {
    answer = [...living, machine('i-3', state)];
    expect(await callsIn(10)).toBe(10);
  }
});

test('machines that run and do nothing else are looked at every five seconds, until one comes or goes', async () => {
  answer = living;
  await callsIn(2);
  expect(await callsIn(50)).toBe(10);
  answer = [machine('i-1', 'terminated'), machine('i-4', 'running')];
  // What was shown last may still be shown for five seconds; then once more, to see that it stays so.
  expect(await callsIn(5)).toBe(1);
  expect(await callsIn(1)).toBe(1);
  expect(await callsIn(4)).toBe(0);
  listings.used('eu-west-2');
  expect(await callsIn(5)).toBe(1);
  listings.changed('eu-west-2');
  expect(await callsIn(10)).toBe(10);
});

test('a region with nothing in it is looked at once a minute, until something is done there', async () => {
  for (let i = 0; i < 60; i++) {
    await list();
    now += 1_000;
  }
  expect(calls).toBe(1);
  listings.used('eu-west-2');
  await list();
  expect(calls).toBe(2);
});

test('after a change nothing older is shown', async () => {
  await list();
  answer = living;
  listings.changed('eu-west-2');
  expect(await list()).toEqual(living);
});

test('what failed is asked for again a second later', async () => {
  answer = new Error('no');
  await expect(list()).rejects.toThrow('no');
  answer = living;
  await expect(list()).rejects.toThrow('no');
  expect(calls).toBe(1);
  now += 1_000;
  expect(await list()).toEqual(living);
});
