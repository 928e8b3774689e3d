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
const living = [{ state: 'running' } as Machine];

test('however often it is asked, a region with machines is looked at once a second', async () => {
  answer = living;
  for (let i = 0; i < 100; i++) {
    await list();
    now += 100;
  }
  expect(calls).toBe(10);
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
