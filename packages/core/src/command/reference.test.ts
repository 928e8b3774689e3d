import { expect, it } from 'vitest';
import { reference } from './reference.ts';
import { KNOWN } from './words.ts';

it('the reference names every word', () => {
  for (const word of KNOWN) expect(reference()).toMatch(new RegExp(`\`${word}\\b`));
});
