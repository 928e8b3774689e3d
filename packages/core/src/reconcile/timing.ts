/** How long the reconciler waits for what; milliseconds. */
export const TIMING = {
  /** Between two passes: after a launch, while something is under way, and while nothing is. Nothing boots faster than the
   * first, and on one computer every look in between would take time from what boots. */
  bootMs: 600,
  busyMs: 70,
  calmMs: 1_000,
  /** When none of its clusters and clouds has come to an end for so long, a pass goes on without those that have not, and
   * comes back to them when they are done. */
  patienceMs: 1_000,
  /** A cluster that has no quorum by then is ready with what it has, or failed with nothing. Long enough to fetch the
   * largest Python environment. */
  startMs: 900_000,
  /** A machine waits this long for its cluster once its Python environment is there, and is replaced when it takes this
   * much longer than others did. */
  joinMs: 300_000,
  /** A machine that its scheduler has lost ends itself; one that hangs, and has not by then, is ended. */
  absentMs: 10_000,
  /** A cloud says two minutes ahead that it takes a machine back. One that is still there so long after that time is ended: it
   * was to end itself before. */
  takenMs: 150_000,
  /** A scheduler that has been silent this long is lost. */
  silentMs: 60_000,
  /** While it is, this server sees to its own way there so often. */
  seekWayMs: 20_000,
  /** An end that was asked for and not seen is asked for again. */
  terminateAgainMs: 10_000,
  /** Dask must want fewer workers for this long before any is let go: targets jump between two task graphs. */
  surplusMs: 10_000,
  /** Between replacements of machines that end without joining: doubled by each, up to a minute. */
  backoffMs: 1_000,
  backoffMaxMs: 60_000,
  /** By then a list shows what a launch made whose answer was lost. */
  listedMs: 30_000,
  /** When every pool is empty. */
  noCapacityMs: 30_000,
} as const;
