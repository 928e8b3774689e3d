import { describe, expect, it } from 'vitest';
import { LIMITS } from '../spec/limits.ts';
import { help } from './help.ts';
import { BARE_WORDS, KNOWN, OPTIONS, VERB_NAMES, VERBS } from './words.ts';

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
    expect(help('SPOT')).toMatch(/^spot\n/);
    expect(help('arm64')).toMatch(/^arm, arm64\n/);
    expect(help('ttl=')).toMatch(/^ttl=4h\n/);
    expect(help('europe-west4')).toContain('a region of gcp');
    expect(help('upp')).toBe('no help on upp; did you mean help up?');
    expect(help('xyzzyx')).toMatch(/^no help on xyzzyx; expected /);
  });
});
