/** Writes docs/commands.md: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { reference } from '@daskup/cli/reference';

writeFileSync(new URL('commands.md', import.meta.url), reference());
