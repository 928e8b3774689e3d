import type { Request } from '../command/command.ts';
import type { Limits } from './limits.ts';
import type { ClusterSpec, Environment } from './spec.ts';

/** What a request leaves open. */
export interface Defaults {
  /** The name, should the request give none. */
  readonly name: string;
  readonly limits: Limits;
  readonly defaultRegion: string;
  /** What `python=`, `env=` or a container's `image=` came to: they only name it. */
  readonly environment: Environment;
}

/** The complete spec of what was asked for. */
export function specOf(request: Request, { name, limits, defaultRegion, environment }: Defaults): ClusterSpec {
  return {
    name: request.name ?? name,
    workers: request.workers,
    market: request.market ?? 'on-demand',
    regions: request.regions ?? [defaultRegion],
    architecture: request.architecture ?? null,
    cpu: request.cpu ?? 0,
    memoryGiB: request.memoryGiB ?? 0,
    gpu: request.gpu ?? null,
    ssd: request.ssd ?? false,
    zones: request.zones ?? 'one',
    types: request.types ?? [],
    schedulerTypes: request.schedulerTypes ?? [],
    diskGiB: request.diskGiB ?? limits.disk.default,
    tags: request.tags ?? [],
    maxPriceMicros: request.maxPriceMicros ?? null,
    budgetMicros: request.budgetMicros ?? null,
    ttlSeconds: request.ttlSeconds ?? limits.ttl.default,
    idleSeconds: request.idleSeconds ?? limits.idle.default,
    awaySeconds: request.awaySeconds ?? limits.away.default,
    quorum: request.quorum ?? limits.quorum.default,
    environment,
    machineImage: request.image?.kind === 'machine' ? request.image.id : null,
    allow: request.allow ?? [],
  };
}
