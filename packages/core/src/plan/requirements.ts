import { dollars } from '../account/money.ts';
import type { ClusterSpec } from '../spec/spec.ts';
import type { Offer } from './offer.ts';
import { mayBeSmall, SMALL } from './small.ts';

/** Something a worker's offer must have. */
export interface Requirement {
  /** What is said of an offer that does not meet it. */
  readonly reason: string;
  readonly meets: (offer: Offer) => boolean;
}

/** What a spec demands of an offer for a worker, in the order in which an offer that does not fit is told why. */
export function requirementsOf(spec: ClusterSpec): readonly Requirement[] {
  const { types, architecture, cpu, memoryGiB, gpu, ssd, maxPriceMicros, market } = spec;
  const all: Requirement[] = [];
  const require = (reason: string, meets: Requirement['meets']) => all.push({ reason, meets });

  if (types.length > 0)
    require(`not type ${types.join(' or ')}`, memoized((type) => types.some((name) => isOf(type, name))));
  else {
    require('bare metal, burstable or otherwise special: given to those who name the type', ({ byNameOnly }) =>
      byNameOnly === null || byNameOnly === SMALL);
    require('small: given to those who ask for so little (cpu=1, memory=2GiB) or name the type', (offer) =>
      offer.byNameOnly !== SMALL || mayBeSmall(spec, offer));
    // A GPU is dear: nobody who did not ask for one should be given one, however cheap it is on spot today.
    if (gpu === null) require('has a GPU that was not asked for', (offer) => offer.gpus === 0);
  }
  if (architecture !== null) require(`not ${architecture}`, (offer) => offer.architecture === architecture);
  if (cpu > 0) require(`fewer than ${cpu} vCPUs`, (offer) => offer.vcpus >= cpu);
  if (memoryGiB > 0) require(`less than ${memoryGiB} GiB of memory`, (offer) => offer.memoryGiB >= memoryGiB);
  if (gpu !== null) {
    const { count, kind } = gpu;
    if (kind !== null) require(`no ${kind} GPU`, (offer) => offer.gpuKind === kind);
    require(count === 1 ? 'no GPU' : `fewer than ${count} GPUs`, (offer) => offer.gpus >= count);
  }
  if (ssd) require('no local SSD', (offer) => offer.ssdGiB > 0);
  if (maxPriceMicros !== null) {
    require(`dearer than max-price=${dollars(maxPriceMicros)}`, (offer) => offer.microsPerHour <= maxPriceMicros);
  }
  if (market === 'spot-only') require('not spot', (offer) => offer.market === 'spot');
  if (market === 'on-demand') require('not on-demand', (offer) => offer.market === 'on-demand');
  return all;
}

/** Whether a type is of this name, or of the family of this name: `g5.xlarge` of `g5`, `n2-standard-4` of `n2` and `n2-standard`. */
export function isOf(type: string, name: string): boolean {
  return type === name || type.startsWith(name + (type.includes('.') ? '.' : '-'));
}

/** A region has a type in several zones on two markets, one after the other or not: its name is looked at once. */
function memoized(isWanted: (type: string) => boolean): Requirement['meets'] {
  const known = new Map<string, boolean>();
  return ({ type }) => {
    const wanted = known.get(type) ?? isWanted(type);
    known.set(type, wanted);
    return wanted;
  };
}
