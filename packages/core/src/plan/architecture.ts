import type { Architecture, ClusterSpec } from '../spec/spec.ts';
import type { Offer } from './offer.ts';
import { isOf } from './requirements.ts';

/**
 * The architecture of a cluster whose software may be for one alone: the one that was asked for, else x86_64, which all
 * packages are made for, unless no type that was named has it. Null where nothing is offered. Pure.
 */
export function architectureFor({ architecture, types }: ClusterSpec, offers: readonly Offer[]): Architecture | null {
  if (architecture !== null) return architecture;
  const wanted = offers.filter(({ type }) => types.length === 0 || types.some((name) => isOf(type, name)));
  const offered = new Set(wanted.map((offer) => offer.architecture));
  return offered.has('x86_64') ? 'x86_64' : offered.has('arm64') ? 'arm64' : null;
}
