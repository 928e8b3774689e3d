import type { Platform } from '@daskup/dask/platform';
import { shellWord } from '@daskup/dask/shell-word';
import type { Birth } from './birth.ts';

/**
 * How a process group on this computer learns which machine it is: its provider tells it.
 * @param folder the machine's own.
 * @param cache where software environments are kept.
 * @param notice the file whose appearance is a spot notice.
 */
export function platformOf(birth: Birth, folder: string, cache: string, notice: string): Platform {
  const variables: Readonly<Record<string, string | number>> = {
    DASKUP_ID: birth.id,
    DASKUP_ADDRESS: birth.address,
    DASKUP_DIR: folder,
    DASKUP_CACHE: cache,
    DASKUP_NOTICE: birth.offer.market === 'spot' ? `file:${notice}` : '',
    DASKUP_THREADS: birth.offer.vcpus,
    DASKUP_MEMORY: birth.offer.memoryGiB,
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${shellWord(String(value))}`);
  return { identify: `export ${assignments.join(' ')}` };
}
