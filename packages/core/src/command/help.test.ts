import { describe, expect, it } from 'vitest';
import { LIMITS } from '../spec/limits.ts';
import { help } from './help.ts';
import { parse } from './parse.ts';
import { BARE_WORDS, KNOWN, OPTIONS, VERB_NAMES, VERBS } from './words.ts';

/** What a line that asks for help is answered with. */
function helpOn(word: string): string {
  const parsed = parse(`help ${word}`);
  if (!parsed.ok) return parsed.error.message;
  return parsed.command.verb === 'help' ? help(parsed.command.word) : parsed.command.verb;
}

describe('help', () => {
  it('fits a terminal of 100 columns, whatever is asked', () => {
    for (const word of [undefined, ...KNOWN]) {
      for (const line of help(word).split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
    }
  });

  it('has a line for every verb', () => {
    for (const name of VERB_NAMES) expect(help()).toMatch(new RegExp(`^  ${name} +${VERBS[name].help}`, 'm'));
  });

  it('of up lists every word and option with its default and limit', () => {
    const text = help('up');
    for (const { name } of BARE_WORDS) expect(text).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    for (const { name, example } of OPTIONS) expect(text).toContain(`  ${name}=${example} `);
    expect(text).toMatch(/^ {2}ttl=4h .* 4h, at most 7d$/m);
  });

  it('tells the limits of the installation', () => {
    const limits = { ...LIMITS, workers: { max: 7 }, ttl: { default: 3600, max: 7200 } };
    expect(help('up', limits)).toContain('at most 7\n');
    expect(help('ttl', limits)).toMatch(/without it +1h\n.*at most +2h$/);
  });

  it('explains words, options and regions, and shows none of them for what it does not know', () => {
    expect(helpOn('SPOT')).toMatch(/^spot\n/);
    expect(helpOn('arm64')).toMatch(/^arm, arm64\n/);
    expect(helpOn('ttl=')).toMatch(/^ttl=4h\n/);
    expect(helpOn('europe-west4')).toContain('a region of gcp');
    expect(helpOn('upp')).toBe('no help on upp; did you mean up?');
    expect(helpOn('--ttl')).toBe('no help on --ttl; did you mean ttl?');
    expect(helpOn('xyzzyx')).toMatch(/^no help on xyzzyx; expected /);
  });
});
