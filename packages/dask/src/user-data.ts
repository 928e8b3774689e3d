import { gzipSync } from 'node:zlib';

/** EC2 takes no more user data than this before base64; bytes. Source: EC2 user guide, "Run commands at launch". */
export const MAX_BYTES = 16_384;

/**
 * A script as a cloud is given it: packed, since cloud-init unpacks what is packed with gzip (its documentation, "User-data
 * formats").
 * @throws {Error} when it is larger than {@link MAX_BYTES}, which no environment without an `environmentProblem` makes it.
 */
export function userData(script: string): Buffer {
  const data = packed(script);
  if (data.length > MAX_BYTES) throw new Error(`The user data would be ${data.length} bytes; clouds take ${MAX_BYTES}`);
  return data;
}

export function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
