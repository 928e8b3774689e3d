import { setImmediate as settled } from 'node:timers/promises';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that jumps from one timer to the next: hours pass in milliseconds, and always in the same order. */
export class VirtualClock {
  /** Milliseconds since 1970, UTC. */
  now = Date.UTC(2026, 0, 1);
  readonly #timers: Timer[] = [];
  #order = 0;
  #woken = true;

  /** Runs `change` at that time, to the whole millisecond, or next if it is past. It must not start anything that awaits: {@link sleep} is for that. */
  at(time: number, change: () => void): void {
    const timers = this.#timers;
    let i = timers.push({ at: Math.max(Math.round(time), this.now), order: this.#order++, run: change }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timers[i], timers[parent])) break;
      swap(timers, i, parent);
      i = parent;
    }
  }

  /** Resolves after so many milliseconds; early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    let asleep = true;
    const wake = () => {
      if (!asleep) return;
      asleep = false;
      this.#woken = true;
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    signal?.addEventListener('abort', wake);
    this.at(this.now + ms, wake);
    return promise;
  }

  /** Lets time pass until `end`, or until `done`. Between two times everything that can go on does. */
  async run(end: number, done: () => boolean = () => false): Promise<void> {
    // What was started since the last run has its turn first.
    await settled();
    while (!done()) {
      const [next] = this.#timers;
      if (!next || next.at > end) {
        this.now = Math.max(this.now, end);
        return;
      }
      this.now = next.at;
      while (this.#timers[0]?.at === this.now) this.#pop()?.run();
      // Only a sleeper can have anything to say: a machine that changes its state awaits nothing.
      if (this.#woken) await settled();
      this.#woken = false;
    }
  }

  #pop(): Timer | undefined {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop();
    if (last && timers.length > 0) {
      timers[0] = last;
      let i = 0;
      while (true) {
        const left = 2 * i + 1;
        const child = left + 1 < timers.length && before(timers[left + 1], timers[left]) ? left + 1 : left;
        if (child >= timers.length || !before(timers[child], timers[i])) break;
        swap(timers, i, child);
        i = child;
      }
    }
    return first;
  }
}

function before(a: Timer | undefined, b: Timer | undefined): boolean {
  return a !== undefined && b !== undefined && (a.at - b.at || a.order - b.order) < 0;
}

function swap(timers: Timer[], i: number, j: number): void {
  [timers[i], timers[j]] = [timers[j] as Timer, timers[i] as Timer];
}
