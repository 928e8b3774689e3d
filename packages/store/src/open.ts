import type { Store } from '@daskup/core/state/store';
import { openEmbedded } from './embedded.ts';
import { Seal } from './seal.ts';

/**
 * The store of this installation: in the PostgreSQL database of `databaseUrl` where one is given, else in an embedded one
 * in `folder`, which is for one process. What is secret is sealed with `secretKey`, the same for all who share the store. Either driver is loaded only when it is the one.
 * @throws {Error} when it cannot be opened; the message says why and what to do.
 */
export async function openStore(place: {
  readonly databaseUrl?: string;
  readonly folder: string;
  readonly secretKey: Uint8Array;
}): Promise<Store> {
  const seal = new Seal(place.secretKey);
  if (place.databaseUrl !== undefined) {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(place.databaseUrl, seal);
  }
  const { db, close } = await openEmbedded(place.folder);
  try {
    const { sqlStore } = await import('./sql-store.ts');
    return await sqlStore(db, seal, close);
  } catch (error) {
    await close();
    throw error;
  }
}
