import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('the nearest word', () => {
  it.each([
    ['sopt', 'spot'],
    ['SPOT', 'spot'],
    ['eu-west-22', 'eu-west-2'],
    ['stat', 'status'],
    ['st', 'status'],
    ['foo', undefined],
    ['zz', undefined],
    ['', undefined],
    ['s'.repeat(1_000_000), undefined],
  ])('is found or not (%#)', (typed, meant) => {
    expect(nearest(typed, ['spot', 'eu-west-2', 'status', 'up'])).toBe(meant);
  });

  it('is none when several words begin as what was typed', () => {
    expect(nearest('europe', ['europe-west1', 'europe-west2'])).toBeUndefined();
  });
});
