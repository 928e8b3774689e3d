import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What {@link Seal} takes for a key; bytes. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps a text so that it can be read with the key alone, and is refused when a bit of it was changed or it was moved to
 * another place: AES-256-GCM. The key is never in the database, so neither it nor a dump of it tells a secret.
 */
export class Seal {
  readonly #key: Uint8Array;

  /** @param key {@link KEY_BYTES} random bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new Error(`A secret key has ${KEY_BYTES} bytes`);
    this.#key = key;
  }

  /**
   * The text as it may be stored, in base64.
   * @param place whose it is; only there can it be opened.
   */
  close(text: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place));
    const sealed = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64');
  }

  /** The text; null when it was sealed with another key or for another place, or is not what was sealed. */
  open(sealed: string, place: string): string | null {
    const bytes = Buffer.from(sealed, 'base64');
    const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
    if (tag.length < TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place)).setAuthTag(tag);
    try {
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return null;
    }
  }
}
