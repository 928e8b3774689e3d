import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { POLICY } from './policy.ts';

/** What EC2 asks permission for besides the calls themselves. */
const IMPLIED = ['CreateTags'];

test('the policy allows the calls that the provider makes, and no others', () => {
  const files = globSync('{,*/}*.ts', { cwd: import.meta.dirname }).filter(
    (name) => !/^testing|\.test\.ts$/.test(name),
  );
  const source = files.map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8')).join('\n');
  const calls = [...source.matchAll(/(?<![#\w])ec2\.(\w)(\w+)\(/g)].map(
    ([, first = '', rest = '']) => first.toUpperCase() + rest,
  );
  expect(calls.length).toBeGreaterThan(10);
  const allowed = POLICY.Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith('ec2:'));
  const expected = [...calls, ...IMPLIED].map((call) => `ec2:${call}`);
  expect(new Set(allowed)).toEqual(new Set(expected));
});

test('docs/aws.md has the policy as it is', () => {
  const page = readFileSync(new URL('../../../docs/aws.md', import.meta.url), 'utf8');
  const block = /```json\n([^`]*)```/.exec(page)?.[1] ?? '{}';
  expect(JSON.parse(block)).toEqual(JSON.parse(JSON.stringify(POLICY)));
});
