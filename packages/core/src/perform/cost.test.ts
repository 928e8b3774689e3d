import { expect, test } from 'vitest';
import { Daskup } from '../daskup.ts';
import { Loop } from '../loop/loop.ts';
import { MemoryStore } from '../state/memory.ts';
import type { Store } from '../state/store.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';

/** A store that somebody else uses too: `meanwhile` happens before its nth call is answered. */
function shared(store: Store, nth: number, meanwhile: () => Promise<void>): Store {
  let calls = 0;
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (calls++ === nth) await meanwhile();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

test.each([0, 1, 2])('a worker that ends before read %i of a cost is in it once', async (nth) => {
  const cloud = new PretendCloud();
  const store = new MemoryStore('here');
  const asker = { user: 'ada', environment: null };
  const loop = new Loop({
    ...{ store, providers: [cloud], control: cloud, holder: 'one' },
    ...{
      now: () => cloud.now,
      sleep: () => new Promise<void>(() => {}),
      changed: () => {},
      wake: () => {},
      log: () => {},
    },
  });
  const over = (where: Store) =>
    new Daskup({
      ...{ store: where, providers: [cloud], control: cloud, holder: 'one', reclaim: async () => {} },
      ...{ now: () => cloud.now, sleep: async () => {}, random: () => 0.5, newId: () => 'c1', log: () => {} },
      ...{ issueCredentials: async () => CREDENTIALS, connectionYaml: () => '', environmentProblem: () => null },
    });
  const up = over(store).perform(
    { verb: 'up', request: { name: 'etl', workers: { min: 3, max: 3 }, market: 'spot' } },
    asker,
  );
  await up.next();
  await up.return(undefined);
  for (let i = 0; i < 4; i++) {
    cloud.tick(60_000);
    await loop.pass();
  }

  const [worker] = cloud.alive('worker');
  const meanwhile = async () => {
    await cloud.terminate([worker?.id ?? '']);
    await loop.pass();
    expect((await store.ledger({ from: 0, to: cloud.now + 1 })).map(({ machineId }) => machineId)).toEqual([
      worker?.id,
    ]);
  };
  const answers = over(shared(store, nth, meanwhile)).perform({ verb: 'cost', period: 'month' }, asker);
  const totalMicros = cloud.meter();
  expect((await answers.next()).value).toMatchObject({ type: 'result', result: { totalMicros } });
});
