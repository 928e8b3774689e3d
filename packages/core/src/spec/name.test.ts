import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { isLabel, labelOf, makeName, NAMES } from './name.ts';

describe('names', () => {
  it.each(['a', '0', 'etl', 'a-b', 'a--b', '80', 'x'.repeat(63)])('takes %s', (text) => {
    expect(isLabel(text)).toBe(true);
  });

  it.each(['', '-', '-a', 'a-', 'A', 'a_b', 'a.b', 'a b', 'a\n', 'é', 'x'.repeat(64)])('refuses %j', (text) => {
    expect(isLabel(text)).toBe(false);
  });

  it('are as many as it says, each short and a label', () => {
    const steps = 400;
    const made = new Set<string>();
    for (let a = 0; a < steps; a += 1) {
      for (let b = 0; b < steps; b += 1) {
        const shares = [a / steps, b / steps];
        made.add(makeName(() => shares.shift() ?? 0));
      }
    }
    expect(made.size).toBe(NAMES);
    expect(NAMES).toBeGreaterThan(7000);
    for (const name of made) {
      expect(isLabel(name)).toBe(true);
      expect(name.length).toBeLessThanOrEqual(17);
    }
  });

  test.prop([fc.string({ unit: 'binary', maxLength: 200 })])('are mended to a label or not at all', (text) => {
    const label = labelOf(text);
    if (label === undefined) expect(text).not.toMatch(/[a-z0-9]/i);
    else expect(isLabel(label)).toBe(true);
    if (isLabel(text) && !text.includes('--')) expect(label).toBe(text);
  });
});
