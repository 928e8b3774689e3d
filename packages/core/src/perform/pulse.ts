import { setTimeout as delay } from 'node:timers/promises';

/** Between the loop, which makes passes, and commands, which want one soon and then its outcome. */
export class Pulse {
  #pass = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();

  /** The end of the pass that is under way, or else of the next. */
  get passed(): Promise<void> {
    return this.#pass.promise;
  }

  /** A pass is over. */
  beat(): void {
    this.#pass.resolve();
    this.#pass = Promise.withResolvers();
  }

  /** Something changed: the next pass should come at once. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Waits so many milliseconds, less when somebody wakes it or `signal` aborts. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    await within(ms, this.#wake.promise, signal);
    this.#wake = Promise.withResolvers();
  }
}

/** Waits for the promise, but no longer than so many milliseconds or until `signal` aborts. */
export async function within(ms: number, promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const timer = delay(ms, undefined, { signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) });
  await Promise.race([promise, timer.catch(() => {})]);
  over.abort();
}
