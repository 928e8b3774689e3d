import { XMLParser } from 'fast-xml-parser';
import * as z from 'zod/mini';
import type { MotoAnswer } from './moto.ts';

const xml = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'item' });

const items = <S extends z.ZodMiniType>(item: S) =>
  z.pipe(
    z.union([z.literal(''), z.object({ item: z.array(item) })]),
    z.transform((set) => (set === '' ? [] : set.item)),
  );

const Subnets = z.object({
  DescribeSubnetsResponse: z.object({
    subnetSet: items(
      z.object({
        subnetId: z.string(),
        vpcId: z.string(),
        availabilityZone: z.string(),
        cidrBlock: z.string(),
        mapPublicIpOnLaunch: z.string(),
        defaultForAz: z.string(),
      }),
    ),
  }),
});

const KeyPairs = z.object({
  DescribeKeyPairsResponse: z.object({ keySet: items(z.object({ keyName: z.string() })) }),
});

const Groups = z.object({
  DescribeSecurityGroupsResponse: z.object({
    securityGroupInfo: items(
      z.object({
        groupId: z.string(),
        groupName: z.string(),
        vpcId: z.string(),
        ipPermissions: items(
          z.object({
            ipProtocol: z.string(),
            fromPort: z.optional(z.coerce.number()),
            toPort: z.optional(z.coerce.number()),
            ipRanges: items(z.object({ cidrIp: z.string() })),
          }),
        ),
      }),
    ),
  }),
});

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly isPublic: boolean;
  readonly isDefault: boolean;
}

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  /** Who is let in by address. */
  readonly rules: readonly {
    readonly protocol: string;
    readonly from: number;
    readonly to: number;
    /** CIDR blocks. */
    readonly ranges: readonly string[];
  }[];
}

/** A region's subnets, security groups and whatever else of the account moto keeps: asked again after each call that may have changed them. */
export class Network {
  readonly #ask: (action: string, service?: 'ec2' | 'iam') => Promise<MotoAnswer>;
  #subnets: Promise<readonly Subnet[]> | null = null;
  #groups: Promise<readonly Group[]> | null = null;
  readonly #names = new Map<string, string>();

  /** @param ask moto, for a call without parameters in this region. */
  constructor(ask: (action: string, service?: 'ec2' | 'iam') => Promise<MotoAnswer>) {
    this.#ask = ask;
  }

  subnets(): Promise<readonly Subnet[]> {
    this.#subnets ??= this.#ask('DescribeSubnets').then(({ body }) =>
      Subnets.parse(xml.parse(body)).DescribeSubnetsResponse.subnetSet.map((subnet) => ({
        id: subnet.subnetId,
        vpcId: subnet.vpcId,
        zone: subnet.availabilityZone,
        cidr: subnet.cidrBlock,
        isPublic: subnet.mapPublicIpOnLaunch === 'true',
        isDefault: subnet.defaultForAz === 'true',
      })),
    );
    return this.#subnets;
  }

  groups(): Promise<readonly Group[]> {
    this.#groups ??= this.#ask('DescribeSecurityGroups').then(({ body }) =>
      Groups.parse(xml.parse(body)).DescribeSecurityGroupsResponse.securityGroupInfo.map((group) => {
        this.#names.set(group.groupId, group.groupName);
        const rules = group.ipPermissions.map(
          ({ ipProtocol: protocol, fromPort: from = 0, toPort: to = 65_535, ipRanges }) => ({
            protocol,
            from,
            to,
            ranges: ipRanges.map(({ cidrIp }) => cidrIp),
          }),
        );
        return { id: group.groupId, name: group.groupName, vpcId: group.vpcId, rules };
      }),
    );
    return this.#groups;
  }

  /** The name of a group that was seen before. */
  nameOf(groupId: string): string {
    return this.#names.get(groupId) ?? groupId;
  }

  /** The names of key pairs. */
  async keyNames(): Promise<readonly string[]> {
    const { body } = await this.#ask('DescribeKeyPairs');
    return KeyPairs.parse(xml.parse(body)).DescribeKeyPairsResponse.keySet.map(({ keyName }) => keyName);
  }

  /** Whether the account has an instance profile of this name or ARN. */
  async hasProfile(wanted: string): Promise<boolean> {
    const { body } = await this.#ask('ListInstanceProfiles', 'iam');
    return [...body.matchAll(/<(InstanceProfileName|Arn)>([^<]*)</g)].some(([, , value]) => value === wanted);
  }

  forget(): void {
    this.#subnets = null;
    this.#groups = null;
  }
}

/** First and last address of a CIDR block that a machine may have: EC2 keeps the first four and the last for itself. */
export function hostsOf(cidr: string): { readonly first: number; readonly last: number } {
  const [base = '', bits = '32'] = cidr.split('/');
  const start = numberOf(base);
  return { first: start + 4, last: start + 2 ** (32 - Number(bits)) - 2 };
}

export function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
