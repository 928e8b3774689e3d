/** What is wrong at a moment, in the cloud, on its machines and on the wires to them. */
export interface Faults {
  /** Pools whose name (`market/type/zone`) contains one of these have nothing left. */
  readonly emptyPools: readonly string[];
  /** No pool gives more machines than this to one launch. */
  readonly poolLimit: number;
  /** The account may not launch at all: what only a person can mend. */
  readonly forbidden: boolean;
  /** Lists show the cloud as it was so many milliseconds ago. */
  readonly lagMs: number;
  /** Lists cannot be read. */
  readonly unreadable: boolean;
  /** Share of launched machines whose boot script never starts: such a machine never ends itself. */
  readonly neverBoot: number;
  /** Share of launched machines that boot twice as slowly. */
  readonly slowBoot: number;
  /** Share of launched machines whose boot script fails, which ends them. */
  readonly failBoot: number;
  /** Machines that are launched need so many milliseconds more to make their Python environment. */
  readonly environmentMs: number;
  /** Schedulers do not answer. */
  readonly silent: boolean;
  /** Schedulers take so many milliseconds longer to answer. */
  readonly slowMs: number;
  /** Workers cannot be emptied. */
  readonly clinging: boolean;
  /** Share of calls to cloud and schedulers that never arrive, and of answers that never come back. */
  readonly lost: number;
  /** One call, by name, that never arrives, or whose answer never comes back. */
  readonly outage: { readonly call: string; readonly loses: 'request' | 'answer' } | null;
  /** Share of calls to the cloud that arrive twice. */
  readonly twice: number;
  /** Share of calls to the store that never arrive, and of answers that never come back. */
  readonly storeLost: number;
}

export const CALM: Faults = {
  emptyPools: [],
  poolLimit: Number.POSITIVE_INFINITY,
  forbidden: false,
  lagMs: 0,
  unreadable: false,
  neverBoot: 0,
  slowBoot: 0,
  failBoot: 0,
  environmentMs: 0,
  silent: false,
  slowMs: 0,
  clinging: false,
  lost: 0,
  outage: null,
  twice: 0,
  storeLost: 0,
};

/** A fault that passes by itself. The message begins with {@link SIMULATED}, so that one of the core's own stands out. */
export class SimulatedFault extends Error {
  constructor(text: string) {
    super(`${SIMULATED}${text}`);
  }
}

export const SIMULATED = 'simulated: ';
