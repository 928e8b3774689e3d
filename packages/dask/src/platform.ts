/**
 * What a provider adds to the boot script: bash lines that export
 *
 * - `DASKUP_ID`: the machine's id, which becomes the worker's name;
 * - `DASKUP_ADDRESS`: its own address;
 * - `DASKUP_DIR`: a folder for this machine alone;
 * - `DASKUP_CACHE`: where software environments are kept;
 * - `DASKUP_NOTICE`: where a spot notice appears: `file:/path`, or the address of EC2's metadata service; empty where there
 *   can be none;
 * - `DASKUP_USER`: the user that Dask runs as, where these lines are root's; empty or unset for the same as they;
 * - `DASKUP_THREADS`, `DASKUP_MEMORY` (GiB): what a worker may use; empty for all there is.
 *
 * What is printed after them is also at `$DASKUP_DIR/boot.log`. They may define `mount_scratch FOLDER`, which puts the disks that the machine has of its own at an empty folder, as one, and
 * fails where there are none. It may take a while: the machine's end is watched by then.
 */
export interface Platform {
  readonly identify: string;
  /** Bash that makes a tool available which is not there. Left out where the computer is somebody's, who installs it. */
  readonly fetch?: Readonly<Record<'uv' | 'docker', string>>;
}
