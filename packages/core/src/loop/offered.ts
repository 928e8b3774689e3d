import { messageOf } from '../message.ts';
import type { Offer } from '../plan/offer.ts';
import type { Provider } from '../provision/provider.ts';
import type { Cluster } from '../state/cluster.ts';
import { Told } from './told.ts';

/** What clouds offer, asked for once for all clusters of the same regions. */
export class Offered {
  readonly #log: (line: string) => void;
  readonly #told = new Told();
  /** Questions that are under way. */
  readonly #asked = new Map<string, Promise<readonly Offer[] | null>>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** What is offered where the cluster is and, until it has come to be, might go; null when that cannot be had, which must not keep anything from its end. */
  to({ region, spec, state }: Cluster, provider: Provider): Promise<readonly Offer[] | null> {
    const regions = state.phase === 'starting' ? spec.regions : [region];
    const key = `${provider.name}: ${regions.join('+')}`;
    const underWay = this.#asked.get(key);
    if (underWay) return underWay;
    const asked = provider
      .offers(regions)
      .then((offers) => {
        this.#told.over(key);
        return offers;
      })
      .catch((error: unknown) => {
        const text = `${key}: to be tried again: no offers: ${messageOf(error)}`;
        if (this.#told.isNews(key, text)) this.#log(text);
        return null;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }
}
