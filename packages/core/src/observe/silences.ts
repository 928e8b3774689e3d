/** So many questions in a row must go unanswered before it is the scheduler that is silent, and not the line. */
const QUESTIONS = 3;

/** Two questions further apart are not in a row: another process may have asked, and heard, in between; milliseconds. */
const APART_MS = 15_000;

/**
 * Since when schedulers do not answer this process, or have no client. One process's memory: a time in which none of them
 * was asked, since the server was down or held up, says nothing about them.
 */
export class Silences {
  readonly #silent = new Map<string, { readonly since: number; readonly last: number; readonly questions: number }>();

  /** The scheduler answered, or is to be asked no more. */
  heard(clusterId: string): void {
    this.#silent.delete(clusterId);
  }

  unheard(clusterId: string, now: number): void {
    const known = this.#silent.get(clusterId);
    const before = known && now - known.last < APART_MS ? known : { since: now, questions: 0 };
    this.#silent.set(clusterId, { since: before.since, last: now, questions: before.questions + 1 });
  }

  /** For how long it has been silent; milliseconds. */
  of(clusterId: string, now: number): number {
    const silence = this.#silent.get(clusterId);
    return silence && silence.questions >= QUESTIONS ? now - silence.since : 0;
  }
}
