import { join } from 'node:path';
import type { ServiceQuotas } from '@aws-sdk/client-service-quotas';
import * as z from 'zod/mini';
import { Cached } from '../cached.ts';
import { collected } from '../pages.ts';
import { type SiteOffers, shortfall } from './shortfall.ts';

const DAY_MS = 24 * 3_600_000;
/** What was read a moment ago need not be read again to refuse somebody; milliseconds. */
const NEW_MS = 10_000;
/** No cluster waits longer for what may not be to be had at all; milliseconds. */
const PATIENCE_MS = 5_000;

const Values = z.record(z.string(), z.number());
type Values = z.infer<typeof Values>;

export interface QuotasOptions {
  /** Where they are kept between processes, by absolute path. */
  readonly folder: string;
  readonly client: (region: string) => Promise<ServiceQuotas>;
  readonly now: () => number;
}

/** What an account may have of EC2, by region: read once a day, and anew before anybody is refused for it. */
export class Quotas {
  readonly #options: QuotasOptions;
  readonly #regions = new Map<string, Cached<Values>>();

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  /** Why so many workers could not be had at a site; null when they could, or when these credentials may not know. */
  async problem(site: SiteOffers, workers: number): Promise<string | null> {
    const cached = this.#in(site.region);
    const short = (values: Values) => shortfall(site, workers, (code) => values[code] ?? null);
    const known = await cached.get().catch(() => null);
    if (known === null || short(known.value) === null) return null;
    // It may have been raised since.
    const isNew = Math.abs(this.#options.now() - known.readAt) < NEW_MS;
    return short((isNew ? known : await cached.anew().catch(() => known)).value);
  }

  #in(region: string): Cached<Values> {
    const { folder, client, now } = this.#options;
    const known =
      this.#regions.get(region) ??
      new Cached({
        file: join(folder, `${region}.json`),
        schema: Values,
        read: async () => quotaValues(await client(region), PATIENCE_MS),
        freshMs: DAY_MS,
        usableMs: DAY_MS,
        now,
      });
    this.#regions.set(region, known);
    return known;
  }
}

/**
 * What the account may have of EC2 in a client's region, by the quota's code.
 * @param patienceMs after which it is given up.
 * @throws what the call throws.
 */
export async function quotaValues(quotas: ServiceQuotas, patienceMs: number): Promise<Values> {
  const abortSignal = AbortSignal.timeout(patienceMs);
  const all = await collected(
    (NextToken) => quotas.listServiceQuotas({ ServiceCode: 'ec2', MaxResults: 100, NextToken }, { abortSignal }),
    (page) => page.Quotas,
  );
  return Object.fromEntries(
    all.flatMap(({ QuotaCode, Value }) => (QuotaCode && Value !== undefined ? [[QuotaCode, Value]] : [])),
  );
}
