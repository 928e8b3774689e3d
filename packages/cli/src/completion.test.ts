import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const home = mkdtempSync(join(tmpdir(), 'daskup-completion-'));
const bin = fileURLToPath(new URL('../bin/daskup.js', import.meta.url));
afterAll(() => rmSync(home, { recursive: true }));

/** What bash itself offers after this line, once it has read what `daskup completion bash` prints. */
function offered(line: string): string[] {
  const script = `
    daskup() { "$NODE" "$BIN" "$@"; }
    compopt() { echo no-space; }
    eval "$(daskup completion bash)"
    complete -p daskup
    COMP_LINE=$1 COMP_POINT=\${#1}
    _daskup
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    DASKUP_HOME: join(home, 'daskup'),
    NODE: process.execPath,
    BIN: bin,
  };
  const [registered, ...words] = execFileSync('bash', ['-c', script, 'bash', line], { env, encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  expect(registered).toBe('complete -F _daskup daskup');
  return words;
}

test('bash completes commands, words and options from the one table, and no server is started for it', () => {
  expect(offered('daskup sta')).toEqual(['status']);
  expect(offered('daskup up 4 spot')).toEqual(['spot', 'spot-only']);
  expect(offered('daskup up 4 eu-west-1+eu-west-')).toEqual(['eu-west-1+eu-west-2', 'eu-west-1+eu-west-3']);
  // After an option no space is wanted: its value comes next.
  expect(offered('daskup up 4 tt')).toEqual(['no-space', 'ttl=']);
  expect(readdirSync(home)).toEqual([]);
});

test('of a shell that is not known it is told which are', () => {
  const ask = () => execFileSync(process.execPath, [bin, 'completion', 'fish'], { stdio: 'pipe', encoding: 'utf8' });
  expect(ask).toThrow(/completion needs a shell: bash or zsh/);
});
