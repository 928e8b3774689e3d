import { type Sleep, within } from '../within.ts';

/** Between the loop, which makes passes, and commands, which want one soon and then to see what came of it. */
export class Pulse {
  readonly #sleep: Sleep;
  #change = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** The next change that the loop stores. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** The loop has stored something. */
  beat(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** A command changed something: the next pass should come at once. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Waits so many milliseconds, less when somebody wakes it or `signal` aborts. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    await within(this.#sleep, ms, this.#wake.promise, signal);
    this.#wake = Promise.withResolvers();
  }

  /** Waits for a {@link changed} that was taken before, but no longer than so many milliseconds. */
  async change(ms: number, changed: Promise<void>): Promise<void> {
    await within(this.#sleep, ms, changed);
  }
}
