import type { Property } from './judge.ts';

/** A bug to plant: one line of the core, and what it becomes. */
export interface Mutant {
  readonly name: string;
  /** Below `packages/core/src`. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly line: string;
  readonly becomes: string;
  /** What may come to light; whichever does first. */
  readonly violates: readonly Property[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a launch that is asked for again is another launch',
    file: 'loop/launches.ts',
    line: 'const { token, role, count, market, offers, expiresAt } = launch;',
    becomes: 'const { role, count, market, offers, expiresAt } = launch; const token = launch.token + clock();',
    violates: ['count', 'ledger', 'progress', 'orphan', 'calm'],
  },
  {
    name: 'a launch whose answer was lost is forgotten',
    file: 'loop/setbacks.ts',
    line: 'return { cluster: { ...current, launches, retryAt }, events };',
    becomes: 'return { cluster: { ...current, launches: [], retryAt }, events };',
    violates: ['count'],
  },
  {
    name: 'a launch is answered without the lease',
    file: 'loop/launches.ts',
    line: '        { holder, now },\n      );\n    } catch (error) {\n      await this.#setbacks.met(cluster, `a launch failed',
    becomes: '      );\n    } catch (error) {\n      await this.#setbacks.met(cluster, `a launch failed',
    violates: ['count', 'gone', 'ledger'],
  },
  {
    name: 'a launch overwrites what is known of its machines',
    file: 'loop/launches.ts',
    line: 'const news = machines.filter(({ id }) => !known.some((machine) => machine.id === id));',
    becomes: 'const news = machines;',
    violates: ['gone'],
  },
  {
    name: 'a launch that failed is asked for again at once',
    file: 'loop/cluster-pass.ts',
    line: "const launches = mayTry(cluster, now) && cluster.state.phase !== 'stopping' ? cluster.launches : [];",
    becomes: "const launches = cluster.state.phase !== 'stopping' ? cluster.launches : [];",
    violates: ['calm'],
  },
  {
    name: 'a machine that was told to end counts as gone',
    file: 'reconcile/reconcile.ts',
    line: "machine.role === 'worker' && !machine.leaving && machine.state !== 'stopping'",
    becomes: "machine.role === 'worker' && !machine.leaving && machine.terminateAskedAt === null",
    violates: ['count'],
  },
  {
    name: 'a machine is told to end once',
    file: 'reconcile/reconcile.ts',
    line: 'this.#endAgain();',
    becomes: '',
    violates: ['progress'],
  },
  {
    name: 'an end that was asked for is recorded as one that was seen',
    file: 'reconcile/reconcile.ts',
    line: 'this.#put({ ...current, terminateAskedAt: this.now });',
    becomes: "this.#put({ ...current, terminateAskedAt: this.now, state: 'terminated', endedAt: this.now });",
    violates: ['gone'],
  },
  {
    name: 'a machine that a list leaves out is gone soon',
    file: 'observe/observe.ts',
    line: 'const VANISHED_MS = 300_000;',
    becomes: 'const VANISHED_MS = 5_000;',
    violates: ['gone', 'count'],
  },
  {
    name: 'the ledger begins with the launch',
    file: 'account/account.ts',
    line: 'Math.ceil((to - machine.runningAt) / 1000)',
    becomes: 'Math.ceil((to - machine.launchedAt) / 1000)',
    violates: ['ledger'],
  },
  {
    name: 'what ended after its cluster is not paid for',
    file: 'loop/sweep.ts',
    line: 'if (ended.length > 0) await this.#settle(ended);',
    becomes: '',
    violates: ['ledger'],
  },
  {
    name: 'nothing is swept',
    file: 'loop/loop.ts',
    line: 'if (sweeping) await this.#sweep.run(provider, seen ?? []);',
    becomes: '',
    violates: ['orphan', 'ledger'],
  },
  {
    name: 'machines are told a later deadline',
    file: 'reconcile/reconcile.ts',
    line: 'market, count, offers, expiresAt: cluster.expiresAt };',
    becomes: 'market, count, offers, expiresAt: cluster.expiresAt + 3_600_000 };',
    violates: ['ttl'],
  },
  {
    name: 'a cluster is over before its place is given up',
    file: 'loop/places.ts',
    line: '      await provider.release(identityOf(cluster, store.installation));\n      this.#setbacks.worked(cluster.id);\n      await commit(cluster.id, () => over, { holder, now: now() });',
    becomes:
      '      await commit(cluster.id, () => over, { holder, now: now() });\n      await provider.release(identityOf(cluster, store.installation));',
    violates: ['place'],
  },
  {
    name: 'what its cloud takes back is ended',
    file: 'reconcile/reconcile.ts',
    line: '!this.#isTaken(machine)',
    becomes: 'true',
    violates: ['taken'],
  },
  {
    name: 'a scheduler is given up within seconds',
    file: 'reconcile/timing.ts',
    line: 'silentMs: 60_000,',
    becomes: 'silentMs: 5_000,',
    violates: ['cause'],
  },
  {
    name: 'an extension is stored twice',
    file: 'perform/change.ts',
    line: '  const cluster = await store.commit(id, (current) => {',
    becomes:
      '  await store.commit(id, (current) => ({ cluster: changed(current) }));\n  const cluster = await store.commit(id, (current) => {',
    violates: ['once'],
  },
  {
    name: 'an error is swallowed',
    file: 'daskup.ts',
    line: "      yield { type: 'error', kind, message: messageOf(error) };",
    becomes: "      if (kind === 'refused') yield { type: 'error', kind, message: String(error) };",
    violates: ['answer'],
  },
];
