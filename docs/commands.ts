/** Writes docs/commands.md: `npx node docs/commands.ts`. */
import { writeFileSync } from 'node:fs';
import { reference } from '@daskup/core/command/reference';

writeFileSync(new URL('commands.md', import.meta.url), reference());
