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
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // A terminal sends Ctrl-C to both, and then it comes twice: the program takes that for one.
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
