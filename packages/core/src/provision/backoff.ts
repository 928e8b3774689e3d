/**
 * How long each cluster's cloud is left alone after calls for it failed: doubled by every failure in a row.
 * One process's memory: to forget it costs a few calls more.
 */
export class Backoff {
  readonly #leastMs: number;
  readonly #mostMs: number;
  readonly #failures = new Map<string, number>();

  constructor(leastMs: number, mostMs: number) {
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
  }

  worked(clusterId: string): void {
    this.#failures.delete(clusterId);
  }

  /** Notes a failure and returns how long to wait now; milliseconds. */
  failed(clusterId: string): number {
    const before = this.#failures.get(clusterId) ?? 0;
    this.#failures.set(clusterId, before + 1);
    return Math.min(this.#mostMs, this.#leastMs * 2 ** before);
  }
}
