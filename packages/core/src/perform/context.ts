import type { SchedulerControl } from '../observe/scheduler.ts';
import type { Credentials, Provider, SchedulerEndpoint } from '../provision/provider.ts';
import type { Environment } from '../spec/spec.ts';
import type { Store } from '../state/store.ts';
import type { Sleep } from '../within.ts';
import type { Pulse } from './pulse.ts';

/** What daskup is made of: everything that is not a decision is passed in. */
export interface DaskupOptions {
  readonly store: Store;
  readonly providers: readonly Provider[];
  readonly control: SchedulerControl;
  readonly issueCredentials: (clusterName: string, now: Date, lifetimeSeconds: number) => Promise<Credentials>;
  readonly connectionYaml: (endpoint: SchedulerEndpoint, credentials: Credentials) => string;
  /** Why no machine could be given this environment, in words; null when one can. */
  readonly environmentProblem: (environment: Environment) => string | null;
  /** Simulates a spot reclaim of a machine, where a provider can. */
  readonly reclaim: (machineId: string) => Promise<void>;
  /** This process's name among those that share the store. One that owns it alone keeps its name, and with it its leases. */
  readonly holder: string;
  readonly newId: () => string;
  readonly random: () => number;
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly log: (line: string) => void;
}

/** What carrying out a command needs. */
export interface Context extends DaskupOptions {
  readonly pulse: Pulse;
}

/** Who asks, and what they sent along. */
export interface Asker {
  readonly user: string;
  /** What `python=` or a file of the command came to, or else what the client has itself; null where there is none. */
  readonly environment: Environment | null;
}

/** A command that cannot be done as it was said; nothing was changed. */
export class Refusal extends Error {}
