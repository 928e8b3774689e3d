import { expect, it } from 'vitest';
import { ALL_REGIONS, providerOf, REGIONS } from './regions.ts';

it('every region has one provider', () => {
  for (const [provider, names] of Object.entries(REGIONS))
    for (const name of names) expect(providerOf(name)).toBe(provider);
  expect(ALL_REGIONS).toHaveLength(Object.values(REGIONS).flat().length);
  expect(providerOf('eu-west-22')).toBeUndefined();
});
