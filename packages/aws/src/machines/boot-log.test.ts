import { expect, test } from 'vitest';
import { spoken } from './boot-log.ts';

test('of a console, people are shown what daskup printed, without what others put before lines', () => {
  const console = [
    '[    0.000000] Linux version 6.8.0',
    '[    9.120000] cloud-init[812]: Cloud-init v. 24.4 running',
    '[   10.400000] cloud-init[812]: daskup: 0s worker of cluster etl',
    '[   12.000000] cloud-init[812]: Traceback (most recent call last):',
    'daskup: 3s ending: so it is',
  ].join('\r\n');
  expect(spoken(console)).toBe(
    'daskup: 0s worker of cluster etl\nTraceback (most recent call last):\ndaskup: 3s ending: so it is',
  );
});

test('a machine that never came so far tells all it has', () => {
  expect(spoken('[    1.000000] Kernel panic\nnot syncing')).toBe('Kernel panic\nnot syncing');
});
