import { Loop } from '@daskup/core/loop/loop';
import type { SchedulerControl } from '@daskup/core/observe/scheduler';
import type { Offer } from '@daskup/core/plan/offer';
import type { Credentials, LaunchBatch, Machine, Provider } from '@daskup/core/provision/provider';
import type { Cluster } from '@daskup/core/state/cluster';
import { MemoryStore } from '@daskup/core/state/memory';
import type { Store } from '@daskup/core/state/store';
import { issueCredentials } from '@daskup/dask/certificates';

const PROVIDER = 'fleet';
const REGION = 'region-1';

/** Machines of each cluster: a scheduler and its workers. */
export const WORKERS = 19;

/** As many as EC2 has in a large region: 1,263 types in three zones on two markets, at prices spread as EC2's are. */
export const OFFERS: readonly Offer[] = Array.from({ length: 1263 }, (_, i) => i).flatMap((i) =>
  ['a', 'b', 'c'].flatMap((zone) =>
    (['on-demand', 'spot'] as const).map((market): Offer => {
      const vcpus = [1, 2, 4, 8, 16, 32, 48, 64, 96, 128][i % 10] ?? 1;
      const price = vcpus * (38_000 + ((i * 7919) % 29_000));
      return {
        provider: PROVIDER,
        region: REGION,
        zone: `${REGION}${zone}`,
        type: `f${i % 40}.${vcpus}xlarge-${i}`,
        market,
        architecture: i % 3 === 0 ? 'arm64' : 'x86_64',
        vcpus,
        memoryGiB: vcpus * ([2, 4, 8][i % 3] ?? 4),
        gpus: i % 12 === 0 ? 1 : 0,
        gpuKind: i % 12 === 0 ? 't4' : null,
        ssdGiB: i % 5 === 0 ? 100 : 0,
        byNameOnly: null,
        microsPerHour: market === 'spot' ? Math.round(price * 0.35) : price,
        minimumSeconds: 60,
      };
    }),
  ),
);

/** A cloud and its schedulers that answer at once from memory, so that what is measured is daskup's own work. */
export class Fleet implements Provider, SchedulerControl {
  readonly name = PROVIDER;
  readonly regions = [REGION];
  offered = OFFERS;
  readonly #now: () => number;
  readonly #machines = new Map<string, Machine>();
  /** By the scheduler's address. */
  readonly #members = new Map<string, string[]>();
  readonly #endpoints = new Map<string, string>();
  #list: readonly Machine[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  async offers() {
    return this.offered;
  }

  async prepare({ clusterId }: { clusterId: string }) {
    const address = this.#endpoints.get(clusterId) ?? `s-${this.#endpoints.size}`;
    this.#endpoints.set(clusterId, address);
    return { address, port: 8786, controlPort: 8790 };
  }

  async launch({ token, tags, count, offers: [offer], boot }: LaunchBatch) {
    const now = this.#now();
    const machines = Array.from({ length: offer ? count : 0 }, (_, i): Machine => {
      const [id, address] = [`i-${token.slice(0, 16)}-${i}`, '10.1.2.3'];
      const times = { launchedAt: now, runningAt: now, endedAt: null, endReason: '', reclaimed: false };
      return { id, tags, state: 'running', offer: offer as Offer, address, ...times };
    });
    for (const machine of machines) this.#machines.set(machine.id, machine);
    if (boot.role === 'worker')
      this.#members.set(
        boot.scheduler.address,
        machines.map(({ id }) => id),
      );
    this.#list = [];
    return { machines, shortages: [] };
  }

  async machines() {
    if (this.#list.length === 0) this.#list = [...this.#machines.values()];
    return this.#list;
  }

  async status({ address }: { address: string }) {
    const names = this.#members.get(address) ?? [];
    const workers = names.map((name) => ({ name, leaving: false, processing: 1, bytes: 1 }));
    return {
      workers,
      clients: 1,
      idleSeconds: null,
      adaptiveTarget: WORKERS,
      taken: {},
      tasks: { processing: names.length },
    };
  }

  async change() {}

  async logs() {
    return new Map<string, string>();
  }

  async retire() {}

  async terminate() {}
  async release() {}

  async bootLog() {
    return '';
  }

  async check() {
    return [];
  }
}

/** Every cluster of a benchmark has the same: making them is not what is measured. */
const credentials: Credentials = await issueCredentials('bench', new Date(), 3600);

/** A cluster that has just been asked for. */
export function newCluster(i: number, now: number): Cluster {
  return {
    id: `cluster-${i}`,
    owner: 'ada',
    spec: {
      name: `etl-${i}`,
      workers: { min: WORKERS, max: WORKERS },
      market: 'spot',
      regions: [REGION],
      architecture: null,
      cpu: 4,
      memoryGiB: 8,
      gpu: null,
      ssd: false,
      zones: 'one',
      types: [],
      schedulerTypes: [],
      diskGiB: 20,
      tags: [],
      maxPriceMicros: null,
      budgetMicros: 400_000_000_000,
      ttlSeconds: 360_000,
      idleSeconds: 1200,
      awaySeconds: 120,
      quorum: 0.9,
      environment: { kind: 'managed' },
      machineImage: null,
      allow: [],
    },
    state: { phase: 'starting', since: now },
    createdAt: now,
    expiresAt: now + 360_000_000,
    target: WORKERS,
    provider: PROVIDER,
    region: REGION,
    zone: `${REGION}a`,
    moveTo: null,
    moves: 0,
    home: null,
    credentials,
    endpoint: null,
    attempt: 0,
    launches: [],
    failures: 0,
    retryAt: 0,
    clientAt: null,
    surplusSince: null,
    clients: [],
    admitted: [],
  };
}

/** A pretend cloud, and a store that has so many clusters of it, all of them ready for a while. */
export async function populate(store: Store, clusters: number, now: () => number): Promise<Fleet> {
  const fleet = new Fleet(now);
  fleet.offered = OFFERS.slice(0, 120);
  // They come up in a store of their own: to write them down as they end up takes a tenth of the time.
  const draft = new MemoryStore(store.installation);
  for (let i = 0; i < clusters; i++) await draft.create(newCluster(i, now()), []);
  const loop = new Loop({
    store: draft,
    providers: [fleet],
    control: fleet,
    holder: 'populate',
    now,
    sleep: () => new Promise(() => {}),
    wake: () => {},
    changed: () => {},
    log: () => {},
  });
  for (let pass = 0; pass < 4; pass++) await loop.pass();
  fleet.offered = OFFERS;
  const made = await draft.clusters({ live: true });
  for (const cluster of made) {
    if (cluster.state.phase !== 'ready') throw new Error(`${cluster.spec.name} is ${cluster.state.phase}`);
    await store.create(cluster, []);
  }
  for (let i = 0; i < made.length; i += 1_000) {
    const machines = await draft.machines(made.slice(i, i + 1_000).map(({ id }) => id));
    await store.commit(made[i]?.id ?? '', () => ({ machines }));
  }
  return fleet;
}
