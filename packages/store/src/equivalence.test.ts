import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineRecord } from '@daskup/core/observe/machine';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { Cluster } from '@daskup/core/state/cluster';
import { MemoryStore } from '@daskup/core/state/memory';
import type { Store, Write } from '@daskup/core/state/store';
import { fc, test } from '@fast-check/vitest';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect } from 'vitest';
import { openEmbedded } from './embedded.ts';
import type { Embedded } from './pglite.ts';
import { Seal } from './seal.ts';
import { sqlStore } from './sql-store.ts';
import { cluster, ended, entry, event, machine, SECRET_KEY, START } from './testing/sample.ts';

let folder: string;
let embedded: Embedded;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daskup-equivalence-'));
  embedded = await openEmbedded(folder);
});
afterAll(async () => {
  await embedded?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Few of each, so that they meet. */
const IDS = ['a-1', 'a-2', 'b-1', 'B-1'];
const id = fc.constantFrom(...IDS);
const holder = fc.constantFrom('one', 'two');
const moment = fc.integer({ min: 0, max: 5 });
const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const machineState: fc.Arbitrary<MachineRecord['state']> = fc.constantFrom('pending', 'running', 'terminated');

const fleet = fc.array(fc.record({ id: fc.constantFrom('m1', 'm2', 'M3'), state: machineState, at: moment, text }), {
  maxLength: 3,
});
const uses = fc.array(
  fc.record({ id: fc.constantFrom('m1', 'm2'), from: moment, length: moment, micros: fc.maxSafeNat() }),
  {
    maxLength: 3,
  },
);
const change = fc.record({
  change: fc.constantFrom('grow', 'end', 'nothing'),
  fleet,
  uses,
  news: fc.array(text, { maxLength: 2 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** One call of the store: what is asked, as the same words for both stores. */
const call = fc.oneof(
  fc.record({ call: fc.constant('create' as const), id, at: moment, news: fc.array(text, { maxLength: 2 }) }),
  fc.record({
    call: fc.constant('commit' as const),
    id,
    change,
    lease: fc.option(fc.record({ holder, now: moment }), { nil: undefined }),
  }),
  fc.record({ call: fc.constant('lease' as const), holder, now: moment, until: moment }),
  fc.record({ call: fc.constant('unlease' as const), holder }),
  fc.record({ call: fc.constant('keep' as const), name: fc.constantFrom('a', 'B', 'c'), by: holder, at: moment, text }),
  fc.record({ call: fc.constant('forget' as const), name: fc.constantFrom('a', 'B', 'c') }),
);

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

function write(now: Cluster, { change, fleet, uses, news }: Change): Write {
  const next = {
    grow: { ...now, attempt: now.attempt + 1 },
    end: isLive(now.state) ? ended(now) : now,
    nothing: undefined,
  }[change];
  return {
    ...(next ? { cluster: next } : {}),
    machines: fleet.map(({ id, state, at, text }) =>
      machine(`${now.id}-${id}`, now, { state, launchedAt: at, endReason: text }),
    ),
    ledger: uses.map(({ id, from, length, micros }) => entry(`${now.id}-${id}`, from, from + length, { micros })),
    events: news.map((text) => event(now, text)),
  };
}

async function perform(store: Store, asked: Call, made: Set<string>): Promise<unknown> {
  switch (asked.call) {
    case 'create': {
      // Ids are never made twice: only names meet.
      const mine = cluster(asked.id.slice(0, 1).toLowerCase(), { id: asked.id, createdAt: START + asked.at });
      return made.has(asked.id)
        ? 'made'
        : store.create(
            mine,
            asked.news.map((text) => event(mine, text)),
          );
    }
    case 'commit':
      return store.commit(asked.id, (now) => write(now, asked.change), asked.lease);
    case 'lease':
      return (await store.lease(asked.holder, asked.now, asked.until)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    case 'unlease':
      return store.unlease(asked.holder);
    case 'keep': {
      const environment = { kind: 'requirements', text: asked.text, python: null } as const;
      return store.keepEnvironment({ name: asked.name, environment, keptBy: asked.by, keptAt: asked.at });
    }
    case 'forget':
      return store.forgetEnvironment(asked.name);
  }
}

/** Everything that can be asked of a store. `seq` only has to grow, so it is left out. */
async function everything(store: Store): Promise<unknown> {
  const events = await Promise.all(IDS.map((id) => store.events(id)));
  const last = await Promise.all(IDS.map((id) => store.lastEvent(id)));
  expect(last).toEqual(events.map((of) => of.at(-1)?.seq ?? 0));
  for (const of of events) expect(of.map(({ seq }) => seq)).toEqual(of.map(({ seq }) => seq).toSorted((a, b) => a - b));
  return {
    clusters: await store.clusters(),
    live: await store.clusters({ live: true }),
    named: [await store.cluster('a'), await store.cluster('b')],
    machines: [await store.machines(IDS), await store.machines(['a-1']), await store.liveMachines()],
    ledger: [await store.ledger({ from: 0, to: 20 }), await store.ledger({ from: 2, to: 4 })],
    events: events.map((of) => of.map(({ seq: _, ...told }) => told)),
    environments: await store.environments(),
    later: await Promise.all(
      events.map(async (of, i) => (await store.events(IDS[i] ?? '', of[0]?.seq)).map(({ text }) => text)),
    ),
  };
}

test.prop([fc.array(call, { minLength: 4, maxLength: 14 })], { numRuns: 60 })(
  'whatever is asked, in memory and in the database, the answers are the same',
  async (calls) => {
    await embedded.db.execute(sql`truncate clusters, machines, ledger, events, environments`);
    const stored = await sqlStore(embedded.db, new Seal(SECRET_KEY), async () => {});
    const remembered = new MemoryStore(stored.installation);
    const made = new Set<string>();
    for (const asked of calls) {
      const answer = await perform(remembered, asked, made);
      expect(await perform(stored, asked, made)).toEqual(answer);
      if (asked.call === 'create' && answer === true) made.add(asked.id);
    }
    expect(await everything(stored)).toEqual(await everything(remembered));
  },
);
