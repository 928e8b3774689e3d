import { dollars } from '../account/money.ts';
import { nearest } from '../command/nearest.ts';
import type { ClusterSpec } from '../spec/spec.ts';
import type { Offer } from './offer.ts';
import { type Plan, plan } from './plan.ts';
import { isOf } from './requirements.ts';

/** Why a spec cannot be met by these offers, in one line that says what to change; null when `ranked`, its plan, stands. */
export function whyNot(spec: ClusterSpec, offers: readonly Offer[], ranked: Plan): string | null {
  const named = [...spec.types, ...spec.schedulerTypes];
  if (ranked.sites.length > 0 && named.length === 0) return null;
  const there = offers.filter(({ region }) => spec.regions.includes(region));
  const unknown = unknownType(named, spec, there);
  if (unknown || ranked.sites.length > 0) return unknown;
  return (
    wrongArchitecture(spec.types, spec, there) ??
    wrongArchitecture(spec.schedulerTypes, spec, there) ??
    missingGpu(spec, there) ??
    missingScheduler(spec, there) ??
    underTheMarket(spec, there) ??
    nothingFits(ranked)
  );
}

/** A name that no type has was mistyped, be there others that fit. */
function unknownType(named: readonly string[], { regions }: ClusterSpec, offers: readonly Offer[]): string | null {
  const unknown = named.find((name) => !offers.some(({ type }) => isOf(type, name)));
  if (unknown === undefined) return null;
  const all = new Set(offers.map(({ type }) => type));
  const families = new Set([...all].map((type) => type.split('.')[0] ?? type));
  const near = nearest(unknown, unknown.includes('.') ? all : new Set([...families, ...all]));
  return `${where(regions)} no instance type ${unknown}${near ? `; did you mean ${near}?` : ''}`;
}

function wrongArchitecture(
  types: readonly string[],
  { architecture, machineImage }: ClusterSpec,
  offers: readonly Offer[],
): string | null {
  if (architecture === null || types.length === 0) return null;
  const named = offers.filter(({ type }) => types.some((name) => isOf(type, name)));
  if (named.some((offer) => offer.architecture === architecture)) return null;
  const [said, other] = architecture === 'arm64' ? ['arm', 'x86_64'] : ['x86', 'arm64'];
  if (machineImage !== null) {
    return `${types.join(', ')} is ${other}, and ${machineImage} is an image for ${architecture}: ask for another type, or another image`;
  }
  return `${types.join(', ')} is ${other}, not ${architecture}: leave out ${said}, or ask for another type`;
}

function missingGpu({ gpu, regions }: ClusterSpec, offers: readonly Offer[]): string | null {
  const kind = gpu?.kind;
  if (kind == null || offers.some(({ gpuKind }) => gpuKind === kind)) return null;
  const kinds = [...new Set(offers.flatMap(({ gpuKind }) => gpuKind ?? []))].sort();
  return `${where(regions)} no ${kind} GPU; there is: ${kinds.join(', ') || 'none at all'}`;
}

/** Machines for the workers there are, but none of the scheduler's beside them. */
function missingScheduler(spec: ClusterSpec, offers: readonly Offer[]): string | null {
  const { schedulerTypes, regions } = spec;
  if (schedulerTypes.length === 0 || plan({ ...spec, schedulerTypes: [] }, offers).sites.length === 0) return null;
  const sold = `scheduler=${schedulerTypes.join(',')} is not sold on demand where the workers can be`;
  return `${sold} (${regions.join(', ')}): name another type, or leave it out`;
}

function underTheMarket(spec: ClusterSpec, offers: readonly Offer[]): string | null {
  if (spec.maxPriceMicros === null) return null;
  const { sites } = plan({ ...spec, maxPriceMicros: null, zones: 'any' }, offers);
  const [best] = sites.flatMap(({ workers }) => workers.slice(0, 1)).sort((a, b) => a.microsPerHour - b.microsPerHour);
  if (!best) return null;
  const cheapest = `${best.type} ${best.market} in ${best.zone} at ${dollars(best.microsPerHour)}/h`;
  return `max-price=${dollars(spec.maxPriceMicros)} is under the market: the cheapest that fits is ${cheapest}`;
}

function nothingFits({ rejected }: Plan): string {
  const reasons = rejected.map(({ reason, offers }) => `${offers} offers: ${reason}`).join('; ');
  return `No instance type fits${reasons ? ` (${reasons})` : ''}. Ask for less, or look with: plan 1`;
}

function where(regions: readonly string[]): string {
  return regions.length === 1 ? `${regions[0]} has` : `${regions.join(' and ')} have`;
}
