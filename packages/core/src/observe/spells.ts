/** So many looks in a row must show the same: one may be the line's fault. */
const LOOKS = 3;

/** Two looks further apart are not in a row: something else may have been seen in between; milliseconds. */
const APART_MS = 15_000;

/**
 * For how long something has been so for a cluster, as this process has seen it: a time in which nobody looked, since the
 * server was down or held up, the computer slept or its clock jumped, says nothing.
 */
export class Spells {
  readonly #spells = new Map<string, { readonly since: number; readonly last: number; readonly looks: number }>();

  /** It is not so, or no matter any more. */
  over(clusterId: string): void {
    this.#spells.delete(clusterId);
  }

  /** It is so. */
  goesOn(clusterId: string, now: number): void {
    const known = this.#spells.get(clusterId);
    const before = known && Math.abs(now - known.last) < APART_MS ? known : { since: now, looks: 0 };
    this.#spells.set(clusterId, { since: before.since, last: now, looks: before.looks + 1 });
  }

  /** For how long it has been; milliseconds. */
  of(clusterId: string, now: number): number {
    const spell = this.#spells.get(clusterId);
    return spell && spell.looks >= LOOKS ? now - spell.since : 0;
  }
}
