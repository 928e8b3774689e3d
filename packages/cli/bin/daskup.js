#!/usr/bin/env node
// JavaScript, so that an older Node can read it: the program itself is TypeScript, which Node runs from 24 on.
// By its default: a name that an older Node does not have would stop it before the first line.
import module from 'node:module';

if (Number(process.versions.node.split('.')[0]) >= 24) {
  module.enableCompileCache();
  await import('../src/main.ts');
} else {
  const { spawn } = await import('node:child_process');
  const node = module.createRequire(import.meta.url).resolve('node/bin/node');
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // A terminal sends Ctrl-C to both: this one only has to stay until the other has taken its cluster down.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
}
