import type { Store } from '@daskup/core/state/store';
import { openEmbedded } from './embedded.ts';
import { Seal } from './seal.ts';
import type { Database } from './sql-store.ts';

/** Where a store is: in the PostgreSQL database of `databaseUrl` where one is given, else an embedded one in `folder`. */
export interface StorePlace {
  readonly databaseUrl?: string;
  readonly folder: string;
}

/** A database that is open and up to date. */
export interface OpenDatabase {
  readonly db: Database;
  close(): Promise<void>;
}

/**
 * The store of this installation. An embedded one is for one process. What is secret is sealed with `secretKey`, the same
 * for all who share the store.
 * @throws {Error} when it cannot be opened; the message says why and what to do.
 */
export async function openStore(place: StorePlace & { readonly secretKey: Uint8Array }): Promise<Store> {
  const seal = new Seal(place.secretKey);
  const { db, close } = await openDatabase(place);
  try {
    const { sqlStore } = await import('./sql-store.ts');
    return await sqlStore(db, seal, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** The database alone, with no installation made in it. Either driver is loaded only when it is the one. */
export async function openDatabase({ databaseUrl, folder }: StorePlace): Promise<OpenDatabase> {
  if (databaseUrl === undefined) return openEmbedded(folder);
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(databaseUrl);
}
