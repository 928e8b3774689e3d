import { spentMicros } from '../account/account.ts';
import { reachableAt } from '../provision/provider.ts';
import type { Phase } from '../reconcile/lifecycle.ts';
import type { Cluster } from '../state/cluster.ts';
import { isAlive, type MachineRecord } from './machine.ts';

/** What people are shown of a cluster: no secret is in it. Money in micro-dollars, times in milliseconds since 1970, UTC. */
export interface ClusterView {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly phase: Phase;
  /** Why it is ending or has ended; empty while it goes on. */
  readonly why: string;
  readonly provider: string;
  readonly region: string;
  readonly scheduler: string;
  readonly workers: {
    readonly target: number;
    readonly min: number;
    readonly max: number;
    /** Asked for, and not yet running. */
    readonly pending: number;
    /** Running, and not yet part of the cluster. */
    readonly booting: number;
    readonly joined: number;
    readonly leaving: number;
    /** Of those that live, how many are spot. */
    readonly spot: number;
  };
  /** What all its living machines cost an hour. */
  readonly microsPerHour: number;
  readonly spentMicros: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What people are shown of a machine. */
export interface MachineView {
  readonly id: string;
  readonly role: MachineRecord['role'];
  readonly state: MachineRecord['state'];
  readonly joined: boolean;
  readonly type: string;
  readonly zone: string;
  readonly market: string;
  readonly address: string;
  readonly launchedAt: number;
  readonly endedAt: number | null;
  readonly endReason: string;
}

export function viewOf(cluster: Cluster, machines: readonly MachineRecord[], now: number): ClusterView {
  const { spec, state, endpoint } = cluster;
  const alive = machines.filter(isAlive);
  const workers = alive.filter((machine) => machine.role === 'worker');
  const staying = workers.filter((machine) => !machine.leaving && machine.terminateAskedAt === null);
  const joined = staying.filter((machine) => machine.joinedAt !== null && machine.absentAt === null).length;
  const booting = staying.filter((machine) => machine.joinedAt === null && machine.state === 'running').length;
  return {
    id: cluster.id,
    name: spec.name,
    owner: cluster.owner,
    phase: state.phase,
    why: 'why' in state ? state.why : '',
    provider: cluster.provider,
    region: cluster.region,
    scheduler: endpoint ? `tls://${reachableAt(endpoint)}:${endpoint.port}` : '',
    workers: {
      target: cluster.target,
      min: spec.workers.min,
      max: spec.workers.max,
      pending:
        state.phase === 'starting' || state.phase === 'ready' ? Math.max(0, cluster.target - booting - joined) : 0,
      booting,
      joined,
      leaving: workers.length - staying.length,
      spot: workers.filter((machine) => machine.offer.market === 'spot').length,
    },
    microsPerHour: alive.reduce((sum, machine) => sum + machine.offer.microsPerHour, 0),
    spentMicros: spentMicros(cluster, machines, now),
    createdAt: cluster.createdAt,
    expiresAt: cluster.expiresAt,
  };
}

export function machineViewOf(machine: MachineRecord): MachineView {
  const { id, role, state, offer, address, launchedAt, endedAt, endReason } = machine;
  const { type, zone, market } = offer;
  return {
    id,
    role,
    state,
    joined: machine.joinedAt !== null,
    type,
    zone,
    market,
    address,
    launchedAt,
    endedAt,
    endReason,
  };
}
