import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after so many milliseconds; early, and without an error, when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return delay(ms, undefined, signal ? { signal } : {}).catch(() => {});
}
