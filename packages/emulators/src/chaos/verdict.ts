import { isLive } from '@daskup/core/reconcile/lifecycle';
import type { SimCloud } from '../sim/cloud.ts';
import { billed } from '../sim/meter.ts';
import { type Asked, judgeAnswers, timesApplied } from './asked.ts';
import type { Judge, Known } from './judge.ts';

/** What a cluster lacks of being as it was asked for; null when it is, or is over. */
export function unsettled(cloud: SimCloud, { cluster, forgotten }: Known): string | null {
  const { state, target, spec, id } = cluster;
  if (forgotten || !isLive(state)) return null;
  if (state.phase !== 'ready') return `${spec.name} is ${state.phase}`;
  const alive = cloud.all.filter((machine) => machine.endedAt === null && machine.tags.clusterId === id);
  const workers = alive.filter(({ tags }) => tags.role === 'worker').length;
  const working = cloud.dask(id).working.length;
  if (alive.length - workers !== 1) return `${spec.name} has ${alive.length - workers} schedulers`;
  return workers === target && working === target
    ? null
    : `${spec.name} has ${workers} workers, ${working} of them working; ${target} were asked for`;
}

/** What must hold once every cluster was told to end and had the time to. */
export function judgeEnd(cloud: SimCloud, judge: Judge, asked: readonly Asked[]): void {
  for (const known of judge.clusters.values()) {
    const { cluster, forgotten, installation } = known;
    if (!forgotten && isLive(cluster.state)) judge.say('progress', `${cluster.spec.name} is ${cluster.state.phase}`);
    judgeLedger(cloud, judge, known);
    judgeApplied(judge, known, asked);
    if (!forgotten && cloud.places.has(cluster.id))
      judge.say('place', `what ${cluster.spec.name} needed is still there`);
    for (const machine of cloud.all) {
      if (machine.tags.clusterId !== cluster.id || machine.endedAt !== null) continue;
      if (installation === judge.installation) judge.say('orphan', `${machine.id} is still alive`);
    }
  }
  for (const one of asked) {
    judgeAnswers(judge, one);
    const times = [...judge.clusters.values()].flatMap(({ events }) => events.filter((e) => names(e.text, one.user)));
    const wanted = isEvent(one) ? timesApplied(one) : [];
    if (wanted.length > 0 && !wanted.includes(times.length)) {
      judge.say('once', `${one.command.verb} by ${one.user} was applied ${times.length} times`);
    }
  }
}

/** Entry by entry and in sum; a cluster whose store was lost has no ledger any more. */
function judgeLedger(cloud: SimCloud, judge: Judge, { cluster, ledger, forgotten }: Known): void {
  if (forgotten) return;
  for (const machine of cloud.all.filter(({ tags }) => tags.clusterId === cluster.id)) {
    const paid = ledger.get(machine.id)?.micros ?? 0;
    if (paid !== billed(machine)) {
      judge.say('ledger', `${machine.id} was billed ${billed(machine)}, the ledger says ${paid}`);
    }
  }
}

/** What the cluster is must be what its history says it was told. */
function judgeApplied(judge: Judge, { cluster, events }: Known, asked: readonly Asked[]): void {
  const { spec, createdAt, expiresAt } = cluster;
  let expected = createdAt + spec.ttlSeconds * 1000;
  let workers: string | null = null;
  for (const { text } of events) {
    const by = asked.find(({ user }) => names(text, user));
    if (by?.command.verb === 'extend') expected += by.command.seconds * 1000;
    if (by?.command.verb === 'scale') workers = JSON.stringify(by.command.workers);
  }
  if (expected !== expiresAt)
    judge.say('once', `${spec.name} ends ${expiresAt - expected} ms from when it was told to`);
  if (workers !== null && workers !== JSON.stringify(spec.workers)) {
    judge.say('once', `${spec.name} was last told ${workers} workers and is to have ${JSON.stringify(spec.workers)}`);
  }
}

/** Commands that leave exactly one line in a cluster's history. `down` of one that ends already leaves none. */
function isEvent({ command }: Asked): boolean {
  return command.verb === 'up' || command.verb === 'scale' || command.verb === 'extend';
}

function names(text: string, user: string): boolean {
  return text.endsWith(` by ${user}`) && !text.startsWith('ending: ');
}
