import type { EC2, IpPermission, IpRange } from '@aws-sdk/client-ec2';
import { LIFE_SECONDS } from '@daskup/core/state/cluster';
import { codeOf, isMissing } from '../errors.ts';

/** Dask's own port and the control port of every scheduler: each has an address of its own. */
export const PORTS = { port: 8786, controlPort: 8787 } as const;

/** So long a server trusts that its rule is there, and does not look again; milliseconds. */
export const TRUSTED_MS = LIFE_SECONDS * 1000;
/** A cluster of the last day of that may live as long, and rules tell days; milliseconds. */
const LEFT_MS = 2 * TRUSTED_MS + 86_400_000;

/** A server that is to be let in. */
export interface Server {
  /** The one that it comes from. */
  readonly address: string;
  /** Whether the installation has no other, so that all other addresses are those that it had before. */
  readonly isAlone: boolean;
  readonly now: number;
}

const SERVER = 'daskup: a server, ';

/**
 * What is to change of the rules by which a security group lets servers in: which one is missing, which should say that its
 * server was there today, and which no server has any more. Of servers that share a store each knows only itself: an
 * address goes once no cluster can be left of those that its server was last there for. Pure.
 */
export function serverRules(
  rules: readonly IpPermission[],
  { address, isAlone, now }: Server,
): Readonly<Record<'missing' | 'dated' | 'left', readonly IpPermission[]>> {
  const known = rules.filter(isForServers).flatMap(({ IpRanges = [] }) => IpRanges);
  const CidrIp = `${address}/32`;
  const Description = `${SERVER}${new Date(now).toISOString().slice(0, 10)}`;
  const own = known.find((range) => range.CidrIp === CidrIp);
  const left = known.filter(
    (range) =>
      range !== own &&
      range.Description?.startsWith(SERVER) &&
      (isAlone || now - Date.parse(range.Description.slice(SERVER.length)) > LEFT_MS),
  );
  const isDated = own && own.Description === Description;
  return {
    missing: own ? [] : forServers([{ CidrIp, Description }]),
    dated: !own || isDated ? [] : forServers([{ CidrIp, Description }]),
    left: forServers(left),
  };
}

function isForServers({ IpProtocol, FromPort, ToPort }: IpPermission): boolean {
  return IpProtocol === 'tcp' && FromPort === PORTS.port && ToPort === PORTS.controlPort;
}

function forServers(ranges: readonly IpRange[]): readonly IpPermission[] {
  const { port: FromPort, controlPort: ToPort } = PORTS;
  return ranges.length === 0 ? [] : [{ IpProtocol: 'tcp', FromPort, ToPort, IpRanges: [...ranges] }];
}

/** Lets them in. Of rules that another process has made in between, those that are missing are made one by one. */
export async function authorize(ec2: EC2, groupId: string, rules: readonly IpPermission[]): Promise<void> {
  if (rules.length === 0) return;
  try {
    await ec2.authorizeSecurityGroupIngress({ GroupId: groupId, IpPermissions: [...rules] });
  } catch (error) {
    if (codeOf(error) !== 'InvalidPermission.Duplicate') throw error;
    const each = rules.flatMap(split);
    if (each.length > 1) for (const rule of each) await authorize(ec2, groupId, [rule]);
  }
}

/** Lets them in no longer. Of rules that another process has removed in between, the others are removed one by one. */
export async function revoke(ec2: EC2, groupId: string, rules: readonly IpPermission[]): Promise<void> {
  if (rules.length === 0) return;
  try {
    await ec2.revokeSecurityGroupIngress({ GroupId: groupId, IpPermissions: [...rules] });
  } catch (error) {
    if (!isMissing(error)) throw error;
    const each = rules.flatMap(split);
    if (each.length > 1) for (const rule of each) await revoke(ec2, groupId, [rule]);
  }
}

/** The same, a rule each. */
function split({ IpRanges = [], UserIdGroupPairs = [], ...rule }: IpPermission): readonly IpPermission[] {
  return [
    ...IpRanges.map((range) => ({ ...rule, IpRanges: [range] })),
    ...UserIdGroupPairs.map((pair) => ({ ...rule, UserIdGroupPairs: [pair] })),
  ];
}
