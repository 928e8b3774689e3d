import { expect, test } from 'vitest';
import { offer } from '../testing/offer.ts';
import { needsOf, shortfall } from './shortfall.ts';

const SPOT = 'L-34B43A08';
const ON_DEMAND = 'L-1216C47A';
const region = 'eu-west-2';
const scheduler = [offer({ market: 'on-demand', type: 'm7g.large' })];
const spot = [offer({ vcpus: 4, type: 'c7g.xlarge' }), offer()];
const onDemand = [offer({ market: 'on-demand' })];
const problem = (workers: readonly ReturnType<typeof offer>[], count: number, values: Record<string, number>) =>
  shortfall({ region, scheduler, workers }, count, (code) => values[code] ?? null);

test('a quota is too small when not even the smallest workers fit beside the scheduler', () => {
  expect(problem(spot, 16, { [SPOT]: 32, [ON_DEMAND]: 2 })).toBeNull();
  expect(problem(spot, 17, { [SPOT]: 32, [ON_DEMAND]: 2 })).toBe(
    'The quota is too small: the account may have 32 spot vCPUs of standard instances in eu-west-2, and 17 workers need ' +
      '34. Ask for more: https://eu-west-2.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-34B43A08, or ' +
      'ask for at most 16 workers',
  );
  expect(problem(onDemand, 4, { [ON_DEMAND]: 10 })).toBeNull();
  expect(problem(onDemand, 5, { [ON_DEMAND]: 10 })).toContain('5 workers need 12');
});

test('where spot falls back to on-demand both count', () => {
  const both = [...spot, ...onDemand];
  expect(problem(both, 20, { [SPOT]: 32, [ON_DEMAND]: 10 })).toBeNull();
  expect(problem(both, 21, { [SPOT]: 32, [ON_DEMAND]: 10 })).toContain(
    '32 spot vCPUs of standard instances in eu-west-2 (and 10 on-demand standard), and 21 workers need 42',
  );
});

test('an account too new for a scheduler is told so', () => {
  expect(problem(spot, 1, { [SPOT]: 32, [ON_DEMAND]: 1 })).toContain(
    'may have 1 on-demand vCPUs of standard instances in eu-west-2, too few for a scheduler. Ask for more: https://',
  );
  expect(problem(spot, 1, { [SPOT]: 0, [ON_DEMAND]: 5 })).not.toContain('at most');
});

test('GPU types count against their own quota, and what nobody knows stands in nobody’s way', () => {
  const gpus = [offer({ type: 'g5.xlarge', vcpus: 4 })];
  expect(problem(gpus, 1, { 'L-3819A6DF': 0, [ON_DEMAND]: 5 })).toContain('0 spot vCPUs of G and VT instances');
  expect(problem(gpus, 1_000, {})).toBeNull();
  expect(problem([offer({ type: 'hpc7g.4xlarge' })], 1_000, { [SPOT]: 1, [ON_DEMAND]: 5 })).toBeNull();
});

test('what is needed of each quota is told with how much there is', () => {
  const workers = [...spot, ...onDemand];
  expect(needsOf({ region, scheduler, workers }, 10, (code) => (code === SPOT ? 64 : null))).toMatchObject([
    { code: SPOT, market: 'spot', value: 64, needed: 20 },
    { code: ON_DEMAND, market: 'on-demand', value: null, needed: 22 },
  ]);
});
