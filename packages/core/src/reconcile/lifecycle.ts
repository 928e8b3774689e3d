/**
 * What a cluster is doing.
 *
 *     starting -> ready -> stopping -> ended | failed
 *         \________________^
 *
 * `since` and `at` in milliseconds since 1970, UTC. `why` is told to people as it stands.
 */
export type ClusterState =
  | { readonly phase: 'starting'; readonly since: number }
  | { readonly phase: 'ready'; readonly since: number }
  /** Machines are being ended; `failed` tells which end it will be. */
  | { readonly phase: 'stopping'; readonly since: number; readonly why: string; readonly failed: boolean }
  | { readonly phase: 'ended'; readonly at: number; readonly why: string }
  | { readonly phase: 'failed'; readonly at: number; readonly why: string };

export type Phase = ClusterState['phase'];

/** Which phase may follow which. */
export const MOVES: Readonly<Record<Phase, readonly Phase[]>> = {
  starting: ['ready', 'stopping'],
  ready: ['stopping'],
  stopping: ['ended', 'failed'],
  ended: [],
  failed: [],
};

/** Phases in which a cluster may own machines and its name is taken. */
export const LIVE_PHASES: readonly Phase[] = ['starting', 'ready', 'stopping'];

export function isLive({ phase }: { readonly phase: Phase }): boolean {
  return LIVE_PHASES.includes(phase);
}

/**
 * The only way to change a cluster's phase.
 * @throws {Error} on a move that {@link MOVES} does not allow: a mistake in this program, never a user's.
 */
export function move(from: ClusterState, to: ClusterState): ClusterState {
  if (!MOVES[from.phase].includes(to.phase)) throw new Error(`A cluster cannot go from ${from.phase} to ${to.phase}`);
  return to;
}
