import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { lineOf, placeIn, wordsOf } from './line.ts';

function texts(line: string): string[] {
  const split = wordsOf(line);
  if (!split.ok) throw new Error('a quote is never closed');
  return split.words.map(({ text }) => text);
}

describe('a line', () => {
  it('is split at white space outside quotes', () => {
    expect(texts(' up\t4  python="/a b/python" ')).toEqual(['up', '4', 'python=/a b/python']);
    expect(texts('"" a""b "a \\" \\\\ \\n"')).toEqual(['', 'ab', 'a " \\ \\n']);
    expect(texts('python=“/a b” path\\to')).toEqual(['python=/a b', 'path\\to']);
  });

  it('tells where a quote was opened that is never closed', () => {
    expect(wordsOf('up "4')).toEqual({ ok: false, unclosed: { start: 3, end: 5 } });
  });

  it('knows where each part of a word stands', () => {
    const line = 'up x="a \\"b" y';
    const split = wordsOf(line);
    if (!split.ok) throw new Error('not split');
    const word = split.words[1];
    expect(word?.text).toBe('x=a "b');
    const cut = (start: number, end: number) => {
      const place = word && placeIn(word, { start, end });
      return line.slice(place?.start, place?.end);
    };
    expect(cut(0, 6)).toBe('x="a \\"b"');
    expect(cut(2, 3)).toBe('a');
    expect(cut(5, 6)).toBe('b"');
  });

  it('is made of what a shell has split, with quotes after the = of an option', () => {
    expect(lineOf(['up', '4', 'python=/a b/python'])).toBe('up 4 python="/a b/python"');
  });

  test.prop([fc.array(fc.string({ unit: 'binary' }))], { numRuns: 1000 })(
    'gives back the words it was made of',
    (argv) => {
      expect(texts(lineOf(argv))).toEqual(argv);
    },
  );
});
