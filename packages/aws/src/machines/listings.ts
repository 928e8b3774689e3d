import type { Machine } from '@daskup/core/provision/provider';

/** While something in a region changes, or was just asked for, it is looked at no oftener than this; milliseconds. */
const BUSY_MS = 1_000;
/** While its machines run and none comes or goes: a worker that is lost is missed by its scheduler at once. */
const STEADY_MS = 5_000;
/** While there is none. */
const EMPTY_MS = 60_000;
/** What was asked for or done in a region keeps it busy for so long. */
const USED_MS = 10_000;

interface Listing {
  readonly at: number;
  readonly machines: Promise<readonly Machine[]>;
  /** For how long it may be shown. */
  lastsMs: number;
  /** What was there, when it is known; to tell whether anything has changed since. */
  seen: string | null;
}

/** What was last listed, by region and installation, so that asking ten times a second is one call. */
export class Listings {
  readonly #list: (region: string, installation: string | undefined) => Promise<readonly Machine[]>;
  readonly #now: () => number;
  /** By region, then by installation. */
  readonly #known = new Map<string, Map<string | undefined, Listing>>();
  /** When something was last asked for there, and when something was last changed. */
  readonly #usedAt = new Map<string, number>();
  readonly #changedAt = new Map<string, number>();

  constructor(list: Listings['list'], now: () => number) {
    this.#list = list;
    this.#now = now;
  }

  /** The region's machines, as they were less than a second ago while any of them comes or goes. */
  list(region: string, installation: string | undefined): Promise<readonly Machine[]> {
    const there = this.#known.get(region) ?? new Map<string | undefined, Listing>();
    this.#known.set(region, there);
    const now = this.#now();
    const last = there.get(installation);
    if (last && now - last.at < this.#lasts(region, last, now)) return last.machines;
    const listing: Listing = { at: now, machines: this.#list(region, installation), lastsMs: BUSY_MS, seen: null };
    there.set(installation, listing);
    listing.machines.then(
      (machines) => {
        const alive = machines.filter(({ state }) => state !== 'terminated');
        listing.seen = alive.map(({ id, state }) => `${id} ${state}`).join();
        if (alive.length === 0) listing.lastsMs = EMPTY_MS;
        else if (listing.seen === last?.seen && alive.every(({ state }) => state === 'running'))
          listing.lastsMs = STEADY_MS;
      },
      // Who asks hears of it, and what is asked too often is not asked at once again.
      () => {},
    );
    return listing.machines;
  }

  /** Something may begin there, so that it is looked at often while nothing is to be seen. */
  used(region: string): void {
    this.#usedAt.set(region, this.#now());
  }

  /** Something was changed there: what was listed before says nothing any more. */
  changed(region: string): void {
    this.#known.delete(region);
    this.used(region);
    this.#changedAt.set(region, this.#now());
  }

  #lasts(region: string, { lastsMs }: Listing, now: number): number {
    const at = (lastsMs === EMPTY_MS ? this.#usedAt : this.#changedAt).get(region) ?? 0;
    return now - at > USED_MS ? lastsMs : BUSY_MS;
  }
}
