import { createHash } from 'node:crypto';
import { onDemandMicros } from './catalogue.ts';

/** A spot price stands for so long, as EC2's do for hours; milliseconds. */
const PERIOD_MS = 6 * 3_600_000;
/** Of the on-demand price. Pretended: real ones are in no table that may be carried over. */
const SHARE = { least: 0.25, most: 0.6 } as const;

export interface SpotPrice {
  readonly micros: number;
  /** From when it stands; milliseconds since 1970, UTC. */
  readonly since: number;
}

/** Spot prices that move: by zone, each its own, always the same for the same moment. */
export class SpotPrices {
  readonly #start: number;

  /** @param start when a period begins, so that a price does not move under a short test. */
  constructor(start: number) {
    this.#start = start;
  }

  /** The price at that moment; micro-dollars an hour. */
  at(type: string, region: string, zone: string, time: number): SpotPrice {
    const period = Math.floor((time - this.#start) / PERIOD_MS);
    const draw = (salt: string) =>
      createHash('sha256').update(`${type}/${zone}/${salt}`).digest().readUInt32BE() / 2 ** 32;
    // A level of its own for each pool, and a little up and down around it.
    const level = SHARE.least + 0.1 + draw('level') * (SHARE.most - SHARE.least - 0.2);
    const share = level + (draw(String(period)) - 0.5) * 0.2;
    const micros = Math.max(100, Math.round((onDemandMicros(type, region) * share) / 100) * 100);
    return { micros, since: this.#start + period * PERIOD_MS };
  }

  /** All that stood at some moment between two, newest first. */
  between(type: string, region: string, zone: string, from: number, to: number): readonly SpotPrice[] {
    const prices = [this.at(type, region, zone, to)];
    for (let time = (prices[0]?.since ?? 0) - 1; time >= from - PERIOD_MS && prices.length < 400; ) {
      const price = this.at(type, region, zone, time);
      if (price.since + PERIOD_MS <= from) break;
      prices.push(price);
      time = price.since - 1;
    }
    return prices;
  }
}
