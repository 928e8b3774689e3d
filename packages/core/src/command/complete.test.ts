import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ALL_REGIONS } from '../spec/regions.ts';
import { complete } from './complete.ts';
import { parse } from './parse.ts';
import { BARE_WORDS, OPTIONS, VERB_NAMES } from './words.ts';

const clusters = ['etl', 'eager-otter', 'nightly'];

describe('completion', () => {
  it('offers commands first', () => {
    expect(complete('')).toEqual(VERB_NAMES);
    expect(complete('st')).toEqual(['status']);
    expect(complete('xyzzy')).toEqual([]);
  });

  it('offers clusters where a name belongs', () => {
    expect(complete('status ', clusters)).toEqual(clusters);
    expect(complete('scale e', clusters)).toEqual(['etl', 'eager-otter']);
    expect(complete('down ', clusters)).toEqual([...clusters, '--all']);
    expect(complete('status etl ', clusters)).toEqual([]);
  });

  it('offers nothing for a count, then every word that can follow', () => {
    expect(complete('up ')).toEqual([]);
    const words = complete('up 4 ');
    expect(words).toEqual([
      ...BARE_WORDS.map(({ name }) => name),
      ...OPTIONS.map(({ name }) => `${name}=`),
      ...ALL_REGIONS,
    ]);
    for (const word of words.filter((each) => !each.endsWith('='))) expect(parse(`up 4 ${word}`).ok, word).toBe(true);
  });

  it('offers nothing that would contradict what is there', () => {
    expect(complete('up 4 spot-only arm64 sp')).toEqual([]);
    expect(complete('up 4 spot-only arm64 a')).not.toContain('arm');
    expect(complete('up 4 x')).toEqual(['x86']);
    expect(complete('up 4 arm64 x')).toEqual([]);
    expect(complete('up 4 ttl=4h t')).toEqual(['type=', 'tags=']);
    expect(complete('up 4 eu-west-2 eu-')).toEqual([]);
  });

  it('goes on with the next region after a +', () => {
    expect(complete('up 4 eu-west-1+eu-west-')).toEqual(['eu-west-1+eu-west-2', 'eu-west-1+eu-west-3']);
  });

  it('offers the periods and groups of cost', () => {
    expect(complete('cost ')).toEqual(['today', '7d', 'month', 'by']);
    expect(complete('cost 7d by ')).toEqual(['user', 'cluster', 'region', 'type']);
    expect(complete('help tt')).toEqual(['ttl']);
  });

  test.prop([fc.string({ unit: 'binary' })])('is never at a loss', (line) => {
    for (const candidate of complete(`up 4 ${line}`, clusters)) expect(candidate).not.toBe('');
  });
});
