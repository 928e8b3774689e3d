import type { IpPermission, IpRange } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { serverRules } from './rules.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const TODAY = 'daskup: a server, 2026-11-24';
const known = (...IpRanges: IpRange[]): IpPermission[] => [
  { IpProtocol: 'tcp', FromPort: 8786, ToPort: 8787, IpRanges },
];
const ranges = (rules: readonly IpPermission[]) =>
  rules.flatMap(({ IpRanges = [] }) => IpRanges.map(({ CidrIp }) => CidrIp));
const changes = (rules: readonly IpPermission[], isAlone: boolean) => {
  const { missing, dated, left } = serverRules(rules, { address: '198.51.100.1', isAlone, now });
  return { missing: ranges(missing), dated: ranges(dated), left: ranges(left) };
};
const own = { CidrIp: '198.51.100.1/32', Description: TODAY };
const other = (date: string) => ({ CidrIp: '198.51.100.2/32', Description: `daskup: a server, ${date}` });

test('a server is let in with the day, at the two ports, once', () => {
  expect(serverRules([], { address: '198.51.100.1', isAlone: true, now }).missing).toEqual(known(own));
  expect(changes(known(own), true)).toEqual({ missing: [], dated: [], left: [] });
});

test('one that was there on another day is there today', () => {
  const before = { ...own, Description: 'daskup: a server, 2026-11-23' };
  expect(changes(known(before), true)).toEqual({ missing: [], dated: ['198.51.100.1/32'], left: [] });
});

test('an address that the only server had before is let in no longer', () => {
  expect(changes(known(other('2026-11-24')), true).left).toEqual(['198.51.100.2/32']);
});

test('one of another server is let in as long as a cluster may be left of it: 30 days after 30 days', () => {
  expect(changes(known(other('2026-09-25')), false).left).toEqual([]);
  expect(changes(known(other('2026-09-23')), false).left).toEqual(['198.51.100.2/32']);
});

test('what a person wrote into the group stays', () => {
  const theirs = { CidrIp: '203.0.113.0/24', Description: 'the office' };
  const elsewhere: IpPermission[] = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [other('2020-01-01')] }];
  expect(changes([...known(theirs), ...elsewhere], true)).toMatchObject({ left: [] });
});
