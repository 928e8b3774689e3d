import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What the linter says of a file of this package that imports this. */
function lint(pkg: string, imported: string, suffix = 'ts'): string {
  const file = `${root}packages/${pkg}/src/planted-${process.pid}.${suffix}`;
  writeFileSync(file, `import { x } from '${imported}';\n\nconsole.log(x);\n`);
  try {
    const run = spawnSync(`${root}node_modules/.bin/biome`, ['lint', file], { encoding: 'utf8', cwd: root });
    return run.stdout + run.stderr;
  } finally {
    rmSync(file);
  }
}

test.each([
  ['core', '@daskup/dask/control'],
  ['core', '../../dask/src/control.ts'],
  ['dask', '@daskup/local/provider'],
  ['local', '@daskup/store/open'],
  ['aws', '@daskup/local/provider'],
  ['aws', '@daskup/emulators/ec2/start'],
  ['store', '@daskup/dask/control'],
  ['emulators', '@daskup/local/provider'],
  ['server', '@daskup/cli/main'],
  ['cli', '@daskup/store/open'],
  ['cli', '@daskup/emulators/ec2/start'],
])('%s may not import %s', (pkg, imported) => {
  expect(lint(pkg, imported)).toContain('noRestrictedImports');
});

test.each([
  ['dask', '@daskup/core/observe/machine'],
  ['local', '@daskup/dask/platform'],
  ['aws', '@daskup/dask/platform'],
  ['store', '@daskup/core/state/store'],
  ['server', '@daskup/aws/provider'],
  ['emulators', '@daskup/core/provision/provider'],
  ['cli', '@daskup/local/provider'],
])('%s may import %s', (pkg, imported) => {
  expect(lint(pkg, imported)).not.toContain('noRestrictedImports');
});

test.each([
  ['aws', '@daskup/local/provider'],
  ['cli', '@daskup/store/open'],
])('a test of %s may import emulators, and still not %s', (pkg, forbidden) => {
  expect(lint(pkg, '@daskup/emulators/ec2/start', 'test.ts')).not.toContain('noRestrictedImports');
  expect(lint(pkg, forbidden, 'test.ts')).toContain('noRestrictedImports');
});
