import type { Store } from '@daskup/core/state/store';
import { openEmbedded } from './embedded.ts';

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
  const { db, close } = await openEmbedded(place.folder);
  try {
    const { sqlStore } = await import('./sql-store.ts');
    return await sqlStore(db, close);
  } catch (error) {
    await close();
    throw error;
  }
}
