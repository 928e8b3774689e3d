import { setTimeout as sleep } from 'node:timers/promises';

const BOUND_MS = 30_000;

/** Waits until it is so, for half a minute. @throws {Error} when it never is; `what` is in its message. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + BOUND_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`);
    await sleep(20);
  }
}
