/**
 * What a provider adds to the boot script: bash lines that export
 *
 * - `DASKUP_ID`: the machine's id, which becomes the worker's name;
 * - `DASKUP_ADDRESS`: its own address;
 * - `DASKUP_DIR`: a folder for this machine alone;
 * - `DASKUP_CACHE`: where software environments are kept;
 * - `DASKUP_NOTICE`: where a spot notice appears: `file:/path`, or the address of EC2's metadata service; empty where there
 *   can be none;
 * - `DASKUP_THREADS`, `DASKUP_MEMORY` (GiB): what a worker may use; empty for all there is.
 */
export interface Platform {
  readonly identify: string;
}
