import { FolderInUse } from '@daskup/store/lock';
import { BAD_SETTING, IN_USE } from './exit-code.ts';
import { BadSetting } from './home.ts';
import { serve } from './serve.ts';
import { settingsFrom } from './settings.ts';

// Whole processes only: `daskup serve` runs this in the foreground, other commands start it with --embedded.
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
try {
  await serve(settingsFrom(process.env), process.argv.includes('--embedded'), stop.signal);
  process.exit(0);
} catch (error) {
  console.error(`daskup: ${error instanceof Error ? error.message : error}`);
  process.exit(error instanceof BadSetting ? BAD_SETTING : error instanceof FolderInUse ? IN_USE : 1);
}
