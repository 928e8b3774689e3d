import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Violation } from './judge.ts';
import { MUTANTS } from './mutants.ts';

/** A bug that so many histories do not show is one that the properties cannot see. */
const HISTORIES = 600;

const execute = promisify(execFile);
const script = fileURLToPath(new URL('mutate.ts', import.meta.url));

// A process each, since the bug is planted as the core is loaded.
describe.concurrent('a planted bug is caught', () => {
  test.each(MUTANTS.map((mutant, i) => ({ ...mutant, i })))('$name', async ({ i, violates }) => {
    const { stdout } = await execute(process.execPath, [script, String(i), String(HISTORIES)]);
    const found = JSON.parse(stdout) as Violation | null;
    expect(violates).toContain(found?.property);
  });
});
