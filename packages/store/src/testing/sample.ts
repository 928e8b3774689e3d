import type { LedgerEntry } from '@daskup/core/account/ledger';
import type { MachineRecord } from '@daskup/core/observe/machine';
import type { Offer } from '@daskup/core/plan/offer';
import type { KeyPair } from '@daskup/core/provision/provider';
import type { Cluster } from '@daskup/core/state/cluster';
import type { ClusterEvent } from '@daskup/core/state/store';

/** A moment in 2026 that samples count from; milliseconds since 1970, UTC. */
export const START = Date.UTC(2026, 0, 31, 12);

/** What samples are sealed with. */
export const SECRET_KEY = new Uint8Array(32).fill(7);

export const offer: Offer = {
  provider: 'local',
  region: 'here',
  zone: 'here-a',
  type: 'local.small',
  market: 'spot',
  architecture: 'x86_64',
  vcpus: 2,
  memoryGiB: 0.5,
  gpus: 0,
  gpuKind: null,
  ssdGiB: 0,
  byNameOnly: null,
  microsPerHour: 12_345,
  minimumSeconds: 60,
};

function keyPair(role: string): KeyPair {
  return { cert: `certificate of ${role}\n`, key: `key of ${role}\n` };
}

/** A starting cluster called `name`, its id made from it, with anything changed that a test cares about. */
export function cluster(name: string, changes: Partial<Cluster> = {}): Cluster {
  return {
    id: `${name}-1`,
    owner: 'ada',
    spec: {
      name,
      workers: { min: 2, max: 4 },
      market: 'spot',
      regions: ['here'],
      architecture: null,
      cpu: 0,
      memoryGiB: 0.5,
      gpu: { count: 2, kind: 'a10g' },
      ssd: false,
      zones: 'one',
      types: [],
      schedulerTypes: ['m7g.xlarge', 'm8g'],
      diskGiB: 100,
      tags: [{ key: 'team', value: 'größer "als" = 1' }],
      maxPriceMicros: null,
      budgetMicros: 40_000_000,
      ttlSeconds: 3600,
      idleSeconds: 1200,
      awaySeconds: 120,
      quorum: 0.9,
      environment: { kind: 'requirements', text: 'numpy==2.0\n# größer "als" \\ 1\n', python: null },
      machineImage: null,
      allow: ['203.0.113.0/24'],
    },
    state: { phase: 'starting', since: START },
    createdAt: START,
    expiresAt: START + 3_600_000,
    target: 2,
    provider: 'local',
    region: 'here',
    zone: 'here-a',
    moveTo: null,
    moves: 1,
    home: null,
    credentials: {
      ca: keyPair('ca'),
      scheduler: keyPair('scheduler'),
      worker: keyPair('worker'),
      client: keyPair('client'),
    },
    endpoint: null,
    attempt: 0,
    launches: [],
    failures: 0,
    retryAt: 0,
    clientAt: null,
    surplusSince: null,
    clients: [{ range: '198.51.100.7/32', until: START + 3 }],
    admitted: ['203.0.113.0/24'],
    ...changes,
  };
}

/** The cluster as it is once all is over. */
export function ended(before: Cluster): Cluster {
  return { ...before, state: { phase: 'ended', at: START + 5000, why: 'asked for' } };
}

export function machine(id: string, of: Cluster, changes: Partial<MachineRecord> = {}): MachineRecord {
  return {
    id,
    clusterId: of.id,
    role: 'worker',
    offer,
    state: 'pending',
    address: '',
    launchedAt: START,
    runningAt: null,
    joinedAt: null,
    absentAt: null,
    seenAt: START,
    leaving: false,
    terminateAskedAt: null,
    endedAt: null,
    endReason: '',
    ...changes,
  };
}

export function entry(machineId: string, from: number, to: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    machineId,
    clusterId: 'etl-1',
    clusterName: 'etl',
    owner: 'ada',
    role: 'worker',
    provider: 'local',
    region: 'here',
    zone: 'here-a',
    type: 'local.small',
    market: 'spot',
    from,
    to,
    seconds: Math.ceil((to - from) / 1000),
    microsPerHour: 12_345,
    micros: 6,
    ...changes,
  };
}

export function event(of: Cluster, text: string, changes: Partial<ClusterEvent> = {}): ClusterEvent {
  return { clusterId: of.id, at: START, level: 'info', text, ...changes };
}
