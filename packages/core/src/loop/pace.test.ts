import { expect, test } from 'vitest';
import { Daskup } from '../daskup.ts';
import { poolOf } from '../plan/offer.ts';
import type { LaunchBatch, LaunchResult } from '../provision/provider.ts';
import { MemoryStore } from '../state/memory.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';
import { Loop } from './loop.ts';

const AT_ONCE = 1_000;
const A_SECOND = 2;
const RETRY_MS = 30_000;

/** Starts so many machines at once and then so many a second, as EC2 does. */
class Throttled extends PretendCloud {
  readonly asked: { readonly at: number; readonly count: number }[] = [];
  #tokens = AT_ONCE;
  #at = this.now;

  override async launch(batch: LaunchBatch): Promise<LaunchResult> {
    if (batch.boot.role === 'worker') this.asked.push({ at: this.now, count: batch.count });
    this.#tokens = Math.min(AT_ONCE, this.#tokens + ((this.now - this.#at) / 1000) * A_SECOND);
    this.#at = this.now;
    const count = Math.min(batch.count, Math.floor(this.#tokens));
    this.#tokens -= count;
    const { machines } = count === 0 ? { machines: [] } : await super.launch({ ...batch, count });
    const [first] = batch.offers;
    if (count === batch.count || !first) return { machines, shortages: [] };
    const message = `${batch.count - count} more take a while`;
    return { machines, shortages: [{ kind: 'throttled', pool: poolOf(first), retryMs: RETRY_MS, message }] };
  }
}

test('what a cloud does not start at once is asked for as it starts more, and never too much in one launch', async () => {
  const cloud = new Throttled();
  const store = new MemoryStore('here');
  let ids = 0;
  const shared = {
    store,
    providers: [cloud],
    control: cloud,
    now: () => cloud.now,
    holder: 'one',
    log: () => {},
    changed: () => {},
    wake: () => {},
    sleep: () => new Promise<void>(() => {}),
  };
  const daskup = new Daskup({
    ...shared,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => '',
    environmentProblem: () => null,
    reclaim: async () => {},
    newId: () => `id-${ids++}`,
    random: () => 0.5,
  });
  const request = { name: 'big', workers: { min: 1, max: 1 }, market: 'spot' } as const;
  const up = daskup.perform({ verb: 'up', request }, { user: 'ada', environment: null });
  await up.next();
  await up.return(undefined);
  // As an installation with other limits would have it.
  const workers = { min: 1_500, max: 1_500 };
  await store.commit('id-0', (cluster) => ({
    cluster: { ...cluster, spec: { ...cluster.spec, workers }, target: workers.min },
  }));

  const loop = new Loop(shared);
  for (let i = 0; i < 300 && cloud.alive('worker').length < workers.min; i++) {
    await loop.pass();
    cloud.tick(1_000);
  }
  expect(cloud.alive('worker')).toHaveLength(workers.min);
  expect(Math.max(...cloud.asked.map(({ count }) => count))).toBe(AT_ONCE);
  // One call each time that some dozens have come free; the first two come one after the other.
  const waits = cloud.asked.slice(2).map(({ at }, i) => at - (cloud.asked[i + 1]?.at ?? 0));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(RETRY_MS);
  expect((await store.events('id-0')).map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^60 of 501 workers launched: 441 more take a while$/),
  );
});
