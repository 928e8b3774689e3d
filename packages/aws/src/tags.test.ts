import { MOST_TAGS } from '@daskup/core/spec/tag';
import { expect, test } from 'vitest';
import { clusterTags, machineTags, machineTagsOf, offersOf, offerTags, withUserTags } from './tags.ts';
import { offer } from './testing/offer.ts';

const tags = {
  installation: 'here',
  clusterId: 'c1',
  clusterName: 'etl',
  owner: 'ada <ada@example.org>',
  region: 'eu-west-2',
  role: 'worker',
  expiresAt: 1_795_000_000_000,
  token: 'a'.repeat(40),
} as const;
const many = Array.from({ length: 60 }, (_, i) =>
  offer({ type: `c${i}gd-flex.${i}xlarge`, microsPerHour: i * 7_919 + 1 }),
);

test('what a machine carries is read back as it was', () => {
  expect(machineTagsOf([...machineTags(tags), ...offerTags(many), { Key: 'role', Value: 'chief' }])).toEqual(tags);
});

test('what is not whole, as of a cluster but no machine, is not taken for one of ours', () => {
  expect(machineTagsOf(clusterTags(tags))).toBeNull();
  expect(machineTagsOf([])).toBeNull();
  const changed = machineTags(tags).map((tag) => (tag.Key === 'daskup:expires-at' ? { ...tag, Value: 'soon' } : tag));
  expect(machineTagsOf(changed)).toBeNull();
});

test('sixty offers are read back from tags that EC2 takes: no more than 50, none too long, nothing but its characters', () => {
  const own = Array.from({ length: MOST_TAGS }, (_, i) => ({ key: `key-${i}`, value: `value ${i}` }));
  const all = withUserTags([...machineTags(tags), ...offerTags(many)], own);
  expect(offersOf(all)).toEqual(many);
  expect(all.length).toBeLessThanOrEqual(50);
  for (const { Key = '', Value = '' } of offerTags(many)) {
    expect(Key.length).toBeLessThanOrEqual(128);
    expect(Value).toMatch(/^[\w+=./@:-]{1,256}$/);
  }
});

test("a user's tags stand beside ours, and a name in place of ours", () => {
  const all = withUserTags(machineTags(tags), [
    { key: 'Name', value: 'mine' },
    { key: 'owner', value: 'somebody' },
  ]);
  expect(all.filter(({ Key }) => Key === 'Name')).toEqual([{ Key: 'Name', Value: 'mine' }]);
  expect(all).toContainEqual({ Key: 'owner', Value: 'somebody' });
  expect(machineTagsOf(all)).toEqual(tags);
});

test('the same offers are the same tags, whatever the order of their fields', () => {
  const turned = many.map((one) => Object.fromEntries(Object.entries(one).toReversed()) as unknown as typeof one);
  expect(offerTags(turned)).toEqual(offerTags(many));
});

test('tags that somebody changed or took away give no offers', () => {
  expect(offersOf([])).toEqual([]);
  expect(offersOf([{ Key: 'daskup:offers.0', Value: 'rubbish' }])).toEqual([]);
  expect(offersOf(offerTags(many).slice(0, -1))).toEqual([]);
});
