/** The real time, but that a test may let hours pass at once. Milliseconds since 1970, UTC. */
export class Clock {
  #ahead = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  #next: NodeJS.Timeout | undefined;
  #isStopped = false;

  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Runs `change` in so many milliseconds of this clock; never once it is stopped. */
  after(ms: number, change: () => void): void {
    if (this.#isStopped) return;
    this.#timers.add({ at: this.now() + ms, run: change });
    this.#wind();
  }

  /** Lets so many milliseconds pass: what was due in them happens now, in its order. */
  advance(ms: number): void {
    const end = this.#ahead + ms;
    const real = Date.now();
    while (true) {
      const next = this.#soonest();
      if (!next || next.at > real + end) break;
      // What it starts must count from its own moment.
      this.#ahead = Math.max(this.#ahead, next.at - real);
      this.#run(next);
    }
    this.#ahead = end;
    this.#wind();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#next);
    this.#timers.clear();
  }

  #soonest() {
    let soonest: { readonly at: number; readonly run: () => void } | undefined;
    for (const timer of this.#timers) if (!soonest || timer.at < soonest.at) soonest = timer;
    return soonest;
  }

  #run(timer: { readonly at: number; readonly run: () => void }): void {
    this.#timers.delete(timer);
    timer.run();
  }

  #wind(): void {
    clearTimeout(this.#next);
    const soonest = this.#soonest();
    if (!soonest) return;
    this.#next = setTimeout(
      () => {
        const due = [...this.#timers].filter(({ at }) => at <= this.now()).toSorted((a, b) => a.at - b.at);
        for (const timer of due) this.#run(timer);
        this.#wind();
      },
      Math.max(0, soonest.at - this.now()),
    );
  }
}
