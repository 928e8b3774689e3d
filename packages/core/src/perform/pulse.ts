/** Between the loop, which makes passes, and commands, which want one soon and then to see what came of it. */
export class Pulse {
  readonly #sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  #change = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();

  constructor(sleep: (ms: number, signal?: AbortSignal) => Promise<void>) {
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
    await this.within(ms, this.#wake.promise, signal);
    this.#wake = Promise.withResolvers();
  }

  /** Waits for the promise, but no longer than so many milliseconds or until `signal` aborts. */
  async within(ms: number, promise: Promise<void>, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    const limit = this.#sleep(ms, signal ? AbortSignal.any([over.signal, signal]) : over.signal);
    await Promise.race([promise, limit]);
    over.abort();
  }
}
