import { randomBytes } from 'node:crypto';

/** Ids that look like Slack's, and the same ones in every run: `U000000001`. */
export class Ids {
  #last = 0;

  next(prefix: 'A' | 'B' | 'C' | 'D' | 'E' | 'S' | 'T' | 'U' | 'V'): string {
    this.#last += 1;
    return `${prefix}${this.#last.toString(36).toUpperCase().padStart(9, '0')}`;
  }
}

/** Of a token or a link that nobody may guess. */
export function secret(bytes = 16): string {
  return randomBytes(bytes).toString('hex');
}

/** Timestamps of messages: seconds and six more digits, each once, in order. */
export class Timestamps {
  #last = 0;

  /** `now` in milliseconds. */
  next(now: number): string {
    this.#last = Math.max(this.#last + 1, now * 1000);
    return `${Math.floor(this.#last / 1e6)}.${String(this.#last % 1e6).padStart(6, '0')}`;
  }
}
