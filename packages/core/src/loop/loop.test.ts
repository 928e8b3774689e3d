import { expect, test } from 'vitest';
import { Daskup } from '../daskup.ts';
import { MemoryStore } from '../state/memory.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';
import { Loop } from './loop.ts';

/** The same object; the names of its methods are noted as they are called. */
function noted<T extends object>(target: T, calls: string[]): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.push(String(key));
        return Reflect.apply(value, object, args);
      };
    },
  });
}

test('a pass over quiet clusters asks the store and the cloud as often for forty as for one', async () => {
  const calls: string[] = [];
  const cloud = new PretendCloud();
  const store = new MemoryStore('here');
  let ids = 0;
  const shared = { now: () => cloud.now, holder: 'one', log: () => {}, changed: () => {}, wake: () => {} };
  const daskup = new Daskup({
    ...shared,
    sleep: async () => {},
    store,
    providers: [cloud],
    control: cloud,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => '',
    environmentProblem: () => null,
    reclaim: async () => {},
    newId: () => `id-${ids++}`,
    random: () => 0.5,
  });
  const loop = new Loop({
    ...shared,
    // A pass here waits for everything it began.
    sleep: () => new Promise(() => {}),
    store: noted(store, calls),
    providers: [noted(cloud, calls)],
    control: cloud,
  });
  const quiet = ['lease', 'machines', 'machines', 'offers'];

  for (const clusters of [1, 40]) {
    for (let i = ids; i < clusters; i++) {
      const up = daskup.perform(
        { verb: 'up', request: { name: `c${i}`, workers: { min: 1, max: 1 }, market: 'spot' } },
        { user: 'ada', environment: null },
      );
      await up.next();
      await up.return(undefined);
    }
    for (let i = 0; i < 5; i++) {
      cloud.tick(1_000);
      calls.length = 0;
      await loop.pass();
    }
    const phases = (await store.clusters({ live: true })).map(({ state }) => state.phase);
    expect(phases).toEqual(Array(clusters).fill('ready'));
    expect(calls.toSorted()).toEqual(quiet);
  }
});
