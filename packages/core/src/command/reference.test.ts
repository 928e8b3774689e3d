import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { reference } from './reference.ts';
import { KNOWN } from './words.ts';

it('docs/commands.md is what the table of words says; `npx node docs/commands.ts` writes it anew', () => {
  const file = new URL('../../../../docs/commands.md', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(reference());
});

it('the reference names every word', () => {
  for (const word of KNOWN) expect(reference()).toMatch(new RegExp(`\`${word}\\b`));
});
