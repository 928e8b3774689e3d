import type { Store } from '@daskup/core/state/store';

/**
 * The store of this installation: in the PostgreSQL database of `databaseUrl` where one is given, else in an embedded one
 * in `folder`, which is for one process. Either driver is loaded only when it is the one.
 * @throws {Error} when it cannot be opened; the message says why and what to do.
 */
export async function openStore(place: { readonly databaseUrl?: string; readonly folder: string }): Promise<Store> {
  if (place.databaseUrl !== undefined) {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(place.databaseUrl);
  }
  const { openPglite } = await import('./pglite.ts');
  return openPglite(place.folder);
}
