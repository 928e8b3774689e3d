import { gzipSync } from 'node:zlib';

/** EC2 takes no more user data than this before base64; bytes. Source: EC2 user guide, "Run commands at launch". */
export const MAX_BYTES = 16_384;

/**
 * A script that unpacks and runs another, a good half smaller than it.
 * @throws {Error} when it is larger than {@link MAX_BYTES}, which no environment without an `environmentProblem` makes it.
 */
export function userData(script: string): string {
  // Not as an argument of another bash: any user of the machine can read those, and there are keys in it.
  const text = `#!/bin/bash\neval "$(base64 -d <<<${packed(script)} | gzip -d)"\n`;
  if (text.length > MAX_BYTES) throw new Error(`The user data would be ${text.length} bytes; clouds take ${MAX_BYTES}`);
  return text;
}

/** The text, packed; base64. */
export function packed(text: string): string {
  return gzipSync(text, { level: 9 }).toString('base64');
}
