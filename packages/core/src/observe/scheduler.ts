import type { Credentials, SchedulerEndpoint } from '../provision/provider.ts';

/** One worker as its scheduler sees it. */
export interface WorkerStatus {
  /** The machine's id. */
  readonly name: string;
  /** It is moving its results away and takes no new task. */
  readonly leaving: boolean;
  readonly processing: number;
  /** Bytes of results it holds. */
  readonly bytes: number;
}

/** What the control port says. */
export interface SchedulerStatus {
  readonly workers: readonly WorkerStatus[];
  readonly clients: number;
  /** Seconds since the last task ended; null while something runs or waits. */
  readonly idleSeconds: number | null;
  /** How many workers Dask would like for the work it has. */
  readonly adaptiveTarget: number;
  /** Workers, by name, whose cloud has said when it takes their machine back: milliseconds since 1970, UTC. */
  readonly taken: Readonly<Record<string, number>>;
  /** Tasks by state: processing, waiting, memory, erred, ... */
  readonly tasks: Readonly<Record<string, number>>;
}

/** daskup's way to talk to a running scheduler. All verbs throw when it does not answer in time. */
export interface SchedulerControl {
  /** Reads the status and tells all machines their deadline (milliseconds since 1970, UTC), which may have moved. */
  status(endpoint: SchedulerEndpoint, credentials: Credentials, expiresAt: number): Promise<SchedulerStatus>;

  /**
   * Resolves as soon as the scheduler has another number of workers than this, or after some seconds. Null for one that has
   * yet to come up: resolves once it has.
   */
  change(endpoint: SchedulerEndpoint, credentials: Credentials, workers: number | null): Promise<void>;

  /** The end of what these machines (by id) printed, of those that told their scheduler, and its own. */
  logs(
    endpoint: SchedulerEndpoint,
    credentials: Credentials,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;

  /**
   * Has these workers (by name) move their results to others and then close, and returns at once: the status shows who is
   * leaving. One that cannot be emptied goes on working, nothing that only it holds is lost, and it may be told again.
   */
  retire(endpoint: SchedulerEndpoint, credentials: Credentials, names: readonly string[]): Promise<void>;
}
