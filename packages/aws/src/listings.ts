import type { Machine } from '@daskup/core/provision/provider';

/** While there is anything in a region, or was just asked for, it is looked at no oftener than this; milliseconds. */
const BUSY_MS = 1_000;
/** While nothing is. */
const CALM_MS = 60_000;
/** What was done in a region keeps it busy for so long. */
const USED_MS = 10_000;

interface Listing {
  readonly at: number;
  readonly machines: Promise<readonly Machine[]>;
  /** Null while it is under way. */
  isEmpty: boolean | null;
}

/** What was last listed, by region and installation, so that asking ten times a second is one call. */
export class Listings {
  readonly #list: (region: string, installation: string | undefined) => Promise<readonly Machine[]>;
  readonly #now: () => number;
  /** By region, then by installation. */
  readonly #known = new Map<string, Map<string | undefined, Listing>>();
  /** When something was last done there. */
  readonly #usedAt = new Map<string, number>();

  constructor(list: Listings['list'], now: () => number) {
    this.#list = list;
    this.#now = now;
  }

  /** The region's machines, as they were less than a second ago if there are any. */
  list(region: string, installation: string | undefined): Promise<readonly Machine[]> {
    const there = this.#known.get(region) ?? new Map<string | undefined, Listing>();
    this.#known.set(region, there);
    const now = this.#now();
    const last = there.get(installation);
    if (last && now - last.at < this.#lasts(region, last, now)) return last.machines;
    const listing: Listing = { at: now, machines: this.#list(region, installation), isEmpty: null };
    there.set(installation, listing);
    listing.machines.then(
      (machines) => {
        listing.isEmpty = machines.every(({ state }) => state === 'terminated');
      },
      // Who asks hears of it, and what is asked too often is not asked at once again.
      () => {},
    );
    return listing.machines;
  }

  /** Something is going on there, so that it is looked at often. */
  used(region: string): void {
    this.#usedAt.set(region, this.#now());
  }

  /** Something was changed there: what was listed before says nothing any more. */
  changed(region: string): void {
    this.#known.delete(region);
    this.used(region);
  }

  #lasts(region: string, { isEmpty }: Listing, now: number): number {
    return isEmpty && now - (this.#usedAt.get(region) ?? 0) > USED_MS ? CALM_MS : BUSY_MS;
  }
}
