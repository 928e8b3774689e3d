import { BARE_WORDS, OPTIONS, REGION } from '@daskup/core/command/words';
import { expect, test } from 'vitest';
import { ownWordMeant } from './own-words.ts';

test.each([
  ['--jsn', '--json'],
  ['--yse', '--yes'],
  ['--verison', '--version'],
  ['server', 'serve'],
  ['json', undefined],
])('%s is taken for %s', (word, meant) => {
  expect(ownWordMeant(word)).toBe(meant);
});

test('no word of the grammar, or of another tool, in the style of a flag is taken for one of the terminal', () => {
  const words = [...BARE_WORDS, ...OPTIONS, REGION].flatMap(({ name, elsewhere }) => [name, ...elsewhere]);
  for (const word of words) {
    expect([word, ownWordMeant(`--${word}`), ownWordMeant(`--${word}=1`)]).toEqual([word, undefined, undefined]);
  }
});
