import type { ClusterSpec, Environment } from './spec.ts';

/** Whether these packages may be there for one architecture alone: those that daskup chooses are there for any. */
export function isOwn({ kind }: Environment): boolean {
  return kind !== 'managed' && kind !== 'client';
}

/** What a cluster's machines run, to be said after its machines; empty where nobody chose it. */
export function describeSoftware({
  environment,
  machineImage,
}: Pick<ClusterSpec, 'environment' | 'machineImage'>): string {
  const on = machineImage === null ? '' : ` on ${machineImage}`;
  switch (environment.kind) {
    case 'managed':
      return on;
    case 'client':
      return `${on} with Python 3.${environment.python} and Dask ${environment.versions.dask} as the client has them`;
    case 'python':
      return `${on} with ${environment.path}`;
    case 'requirements':
      return `${on} with packages of their own`;
    case 'container':
      return ` in ${environment.reference}`;
  }
}
