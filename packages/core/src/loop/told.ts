/** What was said last of each thing that is wrong, so that it is not said again while it goes on. One process's memory. */
export class Told {
  readonly #last = new Map<string, string>();

  /** Whether this has yet to be said. */
  isNews(what: string, text: string): boolean {
    if (this.#last.get(what) === text) return false;
    this.#last.set(what, text);
    return true;
  }

  /** It is as it should be. */
  over(what: string): void {
    this.#last.delete(what);
  }
}
