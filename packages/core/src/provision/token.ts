import { createHash } from 'node:crypto';
import type { Offer } from '../plan/offer.ts';
import { poolOf } from '../plan/offer.ts';
import type { Market } from '../spec/spec.ts';
import type { Role } from './provider.ts';

/**
 * A launch's idempotency key: the same decision always has the same one, and two decisions never share one (EC2 refuses
 * a token that comes back with other parameters). 40 hexadecimal characters; EC2 takes up to 64.
 */
export function launchToken(decision: {
  readonly clusterId: string;
  readonly attempt: number;
  readonly role: Role;
  readonly market: Market;
  readonly count: number;
  readonly offers: readonly Offer[];
}): string {
  const { clusterId, attempt, role, market, count, offers } = decision;
  const text = JSON.stringify([clusterId, attempt, role, market, count, offers.map(poolOf)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
