import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { messageOf } from '@daskup/core/message';
import { BAD_SETTING, IN_USE } from './exit-code.ts';
import { BadSetting, makeHome } from './home.ts';
import { secretKeyIn } from './secret-key.ts';
import { settingsFrom } from './settings.ts';

// Whole processes only: `daskup serve` runs this in the foreground, other commands start it with --embedded.
enableCompileCache();
// Whatever it or a program that it starts makes is its owner's alone.
process.umask(0o077);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
try {
  const settings = settingsFrom(process.env);
  const { home, databaseUrl } = settings;
  makeHome(home);
  const secretKey = settings.secretKey ?? secretKeyIn(home);
  const { openStore } = await import('@daskup/store/open');
  // Side by side, since both take their time. A store that another server has is refused before much is loaded: of many
  // servers that are started at once, all but one should leave soon.
  const [store, { partsOf, serve }] = await Promise.all([
    openStore({ folder: join(home, 'store'), secretKey, ...(databaseUrl ? { databaseUrl } : {}) }),
    import('./serve.ts'),
  ]);
  await serve(settings, partsOf(settings, store), process.argv.includes('--embedded'), stop.signal);
  process.exit(0);
} catch (error) {
  console.error(`daskup: ${messageOf(error)}`);
  const inUse = error instanceof Error && error.name === 'FolderInUse';
  process.exit(error instanceof BadSetting ? BAD_SETTING : inUse ? IN_USE : 1);
}
