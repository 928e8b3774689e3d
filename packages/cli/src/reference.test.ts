import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OWN_WORDS } from './own-words.ts';
import { reference } from './reference.ts';

test('docs/commands.md is what the tables of words say; `npm run docs` writes it anew', () => {
  const file = new URL('../../../docs/commands.md', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(reference());
  for (const { usage } of OWN_WORDS) expect(reference()).toContain(`\`${usage}\``);
});
