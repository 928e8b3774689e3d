import { parse } from 'yaml';
import * as z from 'zod/mini';

const HEADER = /^#cloud-config\s*$/m;

const Config = z.object({ runcmd: z._default(z.array(z.union([z.string(), z.array(z.coerce.string())])), []) });

/**
 * What a cloud-config runs once all else of it is done, as the script that cloud-init makes of it; null when it is none. Of
 * all that a cloud-config can say the commands alone: packages, files and users would be this computer's.
 * Source: cloud-init, "Module reference", Runcmd: a text is a line for `sh`, a list is a command and its arguments.
 */
export function commandsOf(userData: string): string | null {
  if (HEADER.exec(userData)?.index !== 0) return null;
  try {
    const { runcmd } = Config.parse(parse(userData) ?? {});
    const lines = runcmd.map((one) => (typeof one === 'string' ? one : one.map(quoted).join(' ')));
    return `#!/bin/sh\n${lines.map((line) => `${line}\n`).join('')}`;
  } catch (error) {
    return `#!/bin/sh\necho ${quoted(`cloud-init: Failed loading yaml blob. ${String(error).split('\n')[0]}`)}\n`;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
