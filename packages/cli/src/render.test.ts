import type { ClusterView, MachineView } from '@daskup/core/observe/view';
import { expect, test } from 'vitest';
import { render } from './render.ts';

const HOUR = 3_600_000;

function cluster(change: Partial<ClusterView> = {}, workers: Partial<ClusterView['workers']> = {}): ClusterView {
  return {
    id: 'id',
    name: 'etl',
    owner: 'ada',
    phase: 'ready',
    why: '',
    provider: 'local',
    region: 'local',
    scheduler: 'tls://127.1.1.1:1',
    workers: { target: 4, min: 4, max: 4, pending: 0, booting: 0, joined: 4, leaving: 0, spot: 0, ...workers },
    microsPerHour: 220_000,
    spentMicros: 1_000,
    createdAt: Date.now() - HOUR,
    expiresAt: Date.now() + HOUR,
    ...change,
  };
}

function machine(id: string, change: Partial<MachineView> = {}): MachineView {
  return {
    id,
    role: 'worker',
    state: 'running',
    joined: true,
    type: 'local.1',
    zone: 'local',
    market: 'spot',
    address: '127.1.1.2',
    launchedAt: 0,
    endedAt: null,
    endReason: '',
    ...change,
  };
}

const ended = (id: string, endedAt: number, endReason: string) =>
  machine(id, { state: 'terminated', endedAt, endReason });

const status = (view: ClusterView, machines: readonly MachineView[], tasks: Record<string, number> | null) =>
  render({ verb: 'status', cluster: view, machines, tasks, events: [] });

test('a cluster that Dask scales shows between which numbers', () => {
  const adaptive = cluster({}, { min: 2, max: 10 });
  expect(render({ verb: 'ls', clusters: [adaptive] })).toContain(' 4/4 (2..10) ');
  expect(render({ verb: 'scale', cluster: adaptive })).toBe('etl has 4 workers (2..10) at $0.22/h');
  expect(render({ verb: 'ls', clusters: [cluster()] })).toMatch(/ 4\/4 {2,}0 /);
  expect(render({ verb: 'scale', cluster: cluster() })).toBe('etl has 4 workers at $0.22/h');
});

test('status shows machines that ended apart from those that live, the last of them with why', () => {
  const machines = [
    ended('m-1', 4_000, 'spot reclaim'),
    machine('m-2'),
    ended('m-3', 1_000, 'oldest'),
    ended('m-4', 3_000, 'left the cluster'),
    ended('m-5', 2_000, 'spot reclaim'),
  ];
  const text = status(cluster(), machines, { memory: 3 });
  const [living, gone] = text.split('4 machines ended, the last 3 of them:');
  expect(living).toContain('m-2');
  expect(living).not.toMatch(/m-[1345]/);
  expect(gone?.match(/m-\d/g)).toEqual(['m-5', 'm-4', 'm-1']);
  expect(gone).toContain('left the cluster');
  expect(text).toContain('tasks: 3 memory');
});

test('status of a cluster that is over is not about tasks, nor about a table without machines', () => {
  const over = cluster({ phase: 'failed', why: 'its scheduler ended' }, { joined: 0 });
  const text = status(over, [ended('m-1', 1_000, 'terminated')], null);
  expect(text).toContain('failed: its scheduler ended');
  expect(text).toContain('1 machine ended:');
  expect(text).not.toMatch(/tasks|ADDRESS/);
  expect(status(cluster(), [machine('m-1')], null)).toContain('tasks: the scheduler does not answer');
  expect(status(cluster({ phase: 'starting' }), [], null)).toContain('tasks: the scheduler does not answer yet');
});

test('plan shows each place with its best offers, why others fell out, and how old the prices are', () => {
  const offer = {
    provider: 'aws',
    region: 'eu-west-2',
    zone: 'eu-west-2a',
    type: 'g5.xlarge',
    market: 'spot',
    architecture: 'x86_64',
    vcpus: 4,
    memoryGiB: 16,
    gpus: 1,
    gpuKind: 'a10g',
    ssdGiB: 232,
    byNameOnly: null,
    microsPerHour: 400_000,
    minimumSeconds: 60,
  } as const;
  const scheduler = { ...offer, type: 'c7g.large', market: 'on-demand', gpus: 0, gpuKind: null } as const;
  const site = {
    provider: 'aws',
    region: 'eu-west-2',
    zone: 'eu-west-2a',
    scheduler: [scheduler],
    workers: [offer],
    microsPerHour: 40_080_000,
  };
  const readAt = Date.now() - 3 * 60_000 - 500;
  const text = render({
    verb: 'plan',
    plan: { sites: [site], rejected: [{ reason: 'no a10g GPU', offers: 1 }] },
    workers: 100,
    prices: [
      { region: 'eu-west-2', market: 'spot', readAt, problem: null },
      { region: 'eu-west-2', market: 'on-demand', readAt: readAt - HOUR, problem: 'no route' },
    ],
    problems: ['The quota is too small'],
  });
  expect(text.split('\n')).toEqual([
    'eu-west-2, zone eu-west-2a (aws): $40.08/h for a scheduler (c7g.large) and 100 workers',
    'TYPE       MARKET  ZONE        VCPU  MEMORY  GPU     $/H',
    'g5.xlarge  spot    eu-west-2a  4     16 GiB  1 a10g  $0.40',
    'The quota is too small',
    '1 offer left out: no a10g GPU',
    'prices of eu-west-2: spot 3m old, on-demand 1h3m old (not to be read now: no route)',
  ]);
});
