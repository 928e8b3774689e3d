/** Resolves after so many milliseconds; early, and without an error, when `signal` aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Waits for the promise, but no longer than so many milliseconds or until `signal` aborts. Rejects when the promise does. */
export async function within(sleep: Sleep, ms: number, promise: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const limit = sleep(ms, signal ? AbortSignal.any([over.signal, signal]) : over.signal);
  try {
    await Promise.race([promise, limit]);
  } finally {
    over.abort();
  }
}
