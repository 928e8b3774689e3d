import { describe, expect, it } from 'vitest';
import { renderError } from './error.ts';
import { parse } from './parse.ts';

function rendered(line: string): string {
  const parsed = parse(line);
  if (parsed.ok) throw new Error(`accepted: ${line}`);
  return renderError(line, parsed.error);
}

describe('an error on a terminal', () => {
  it('shows the line, the place and what was expected', () => {
    expect(rendered('up 50 eu-west-22 spot')).toBe(
      ['  up 50 eu-west-22 spot', '        ^^^^^^^^^^', 'no region eu-west-22; did you mean eu-west-2?'].join('\n'),
    );
  });

  it('points behind the line where something is missing', () => {
    expect(rendered('scale etl').split('\n').slice(0, 2)).toEqual(['  scale etl', '           ^']);
  });

  it('stays in place and cannot be steered by what was typed', () => {
    const [line, carets, message] = rendered('up 4\t\u{1F680}\u001b[2J\n x').split('\n');
    expect(line).toBe('  up 4 \u{1F680}�[2J  x');
    expect(carets).toBe('       ^^^^^');
    expect(message).toMatch(/^unknown word \u{1F680}�\[2J;/u);
  });

  it('gives no advice that it cannot tell character by character', () => {
    expect(rendered('up 4 pyhton="/a\u001bb"').split('\n')[2]).toMatch(/^no option pyhton; expected one of /);
    expect(rendered(`up 4 pyhton=${'x'.repeat(500)}`).split('\n')[2]).toMatch(/^no option pyhton; expected one of /);
  });

  it('cuts what is too long to repeat', () => {
    expect(rendered(`up 4 ${'x'.repeat(500)}`).split('\n')[2]).toMatch(/^unknown word x{40}…;/);
  });
});
