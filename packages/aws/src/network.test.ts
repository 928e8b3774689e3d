import { expect, test } from 'vitest';
import { subnetOf, zoneFor } from './network.ts';
import { offer } from './testing/offer.ts';

const subnets = ['a', 'b', 'c'].map((letter, i) => ({
  id: `subnet-${letter}`,
  zone: `eu-west-2${letter}`,
  cidr: `172.31.${i * 16}.0/20`,
}));
const sold = (zone: string, count: number) =>
  Array.from({ length: count }, (_, i) => offer({ zone, type: `c${i}.large` }));
const everywhere = subnets.flatMap(({ zone }) => sold(zone, 10));

test.each([
  ['172.31.0.0', 'subnet-a'],
  ['172.31.15.255', 'subnet-a'],
  ['172.31.16.0', 'subnet-b'],
  ['172.31.47.255', 'subnet-c'],
  ['172.31.48.0', undefined],
  ['10.31.0.0', undefined],
])('%s is in %s', (address, id) => {
  expect(subnetOf(address, subnets)?.id).toBe(id);
});

test('a cluster is in one zone, whoever asks; many clusters are in all of them', () => {
  const zones = Array.from({ length: 60 }, (_, i) => zoneFor(`cluster-${i}`, subnets, everywhere)?.zone);
  expect(Array.from({ length: 60 }, (_, i) => zoneFor(`cluster-${i}`, subnets, everywhere)?.zone)).toEqual(zones);
  expect(new Set(zones).size).toBe(3);
});

test('no cluster is in a zone that sells little', () => {
  const offers = [...sold('eu-west-2a', 10), ...sold('eu-west-2b', 9), ...sold('eu-west-2c', 4)];
  const zones = Array.from({ length: 60 }, (_, i) => zoneFor(`cluster-${i}`, subnets, offers)?.zone);
  expect(new Set(zones)).toEqual(new Set(['eu-west-2a', 'eu-west-2b']));
});

test('where nothing is known of what is sold, any zone will do', () => {
  expect(zoneFor('c', subnets, [])).toBeDefined();
});
