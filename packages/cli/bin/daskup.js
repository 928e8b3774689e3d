#!/usr/bin/env node
// JavaScript, so that an older Node can read it: the program itself is TypeScript, which Node runs from 24 on.
import { spawnSync } from 'node:child_process';
import { createRequire, enableCompileCache } from 'node:module';

if (Number(process.versions.node.split('.')[0]) < 24) {
  const node = createRequire(import.meta.url).resolve('node/bin/node');
  const { status } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' });
  process.exit(status ?? 1);
}
enableCompileCache();
await import('../src/main.ts');
