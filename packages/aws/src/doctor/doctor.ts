import type { EC2 } from '@aws-sdk/client-ec2';
import { messageOf } from '@daskup/core/message';
import { type Finding, ProviderError } from '@daskup/core/provision/provider';
import type { Architecture } from '@daskup/core/spec/spec';
import { launchDry, problem } from '../check.ts';
import { Clients } from '../client.ts';
import { codeOf, explained } from '../errors.ts';
import { type Baked, bakedIn, STOCK } from '../images/baked-images.ts';
import { findVpc, type Vpc } from '../network/network.ts';
import { privateAddress, publicAddress } from '../network/own-address.ts';
import type { Own } from '../own.ts';
import { quotaValues } from '../quotas/quotas.ts';
import { addressFinding, inUse, vcpuFindings, type Wish } from './capacity.ts';
import { identify } from './identity.ts';
import { permissions } from './permissions.ts';

/** What has not answered by then is told as that; milliseconds. */
const PATIENCE_MS = 60_000;
const SPOT_ROLE = 'AWSServiceRoleForEC2Spot';
const ARCHITECTURES: readonly Architecture[] = ['x86_64', 'arm64'];

export interface DoctorOptions {
  /** At least one. */
  readonly regions: readonly string[];
  /** Whether schedulers get public addresses. */
  readonly isPublic: boolean;
  readonly own: Own;
  /** What tells this computer its public address. */
  readonly checkip: string;
  readonly now: () => number;
  /** What a cluster would be made of in a region; null where none was asked for. Rejects in words where there can be none. */
  readonly wish: (region: string) => Promise<Wish | null>;
}

/** What is looked at under a name, which is told where it cannot be seen. */
type Check = readonly [what: string, found: Promise<Finding | readonly Finding[]>];

/**
 * All that clusters in these regions could fail on, looked at side by side and told in one order, each as soon as it is
 * known. Makes and changes nothing.
 */
export async function* examine(options: DoctorOptions): AsyncGenerator<Finding> {
  const clients = new Clients();
  const [first = ''] = options.regions;
  const ec2 = await clients.ec2(first);
  const none = await ec2.config.credentials().then(
    () => null,
    (error: unknown) => messageOf(explained(error, 'sts:GetCallerIdentity', first)),
  );
  if (none !== null) {
    yield { ok: false, message: none };
    yield { ok: false, message: 'permissions, network, images and quotas: not to be seen without credentials' };
    return;
  }
  const { who, clock } = identify(await clients.sts(first), options.now);
  const checks: readonly Check[] = [
    ['credentials', who],
    ['clock', clock],
    ['permissions', permissions(ec2, findVpc(ec2, first, options.own, options.isPublic))],
    ['prices', prices(clients)],
    ['spot role', spotRole(clients, first)],
    ...options.regions.flatMap((region) => checksOf(clients, region, options)),
  ];
  // Those that fail before their turn wait for it.
  for (const [, found] of checks) found.catch(() => {});
  for (const [what, found] of checks) yield* [await found.catch((error: unknown) => failed(what, error))].flat();
}

function checksOf(clients: Clients, region: string, { isPublic, own, checkip, wish }: DoctorOptions): readonly Check[] {
  const client = clients.ec2(region);
  const vpc = client.then((ec2) => findVpc(ec2, region, own, isPublic));
  const wished = wish(region);
  const values = clients.quotas(region).then((quotas) => quotaValues(quotas, PATIENCE_MS));
  const known = wished.catch(() => null);
  const quotas = async () => vcpuFindings(region, await known, await values, await inUse(await client));
  return [
    [`network of ${region}`, vpc.then((found) => network(found, region))],
    [`way to ${region}`, vpc.then((found) => way(found, region, isPublic ? checkip : null))],
    [`images of ${region}`, images(client, region, known, vpc, own)],
    // Whether these credentials may look is told with the others.
    [
      `baked images of ${region}`,
      client
        .then((ec2) => bakedIn(ec2))
        .then(
          (all) => bakedFinding(region, all),
          () => [],
        ),
    ],
    ['plan', wished.then((found) => (found ? fits(found) : []))],
    [`quotas of ${region}`, quotas()],
    ...(isPublic ? [[`addresses of ${region}`, addresses(clients, region, values)] as const] : []),
  ];
}

function failed(what: string, error: unknown): Finding {
  const why = messageOf(error);
  // A message for people says itself what it is about.
  return { ok: false, message: error instanceof ProviderError ? why : `${what}: ${why}` };
}

function network({ id, subnets }: Vpc, region: string): Finding {
  const zones = subnets.map(({ zone }) => zone).join(', ');
  return { ok: true, message: `network of ${region}: ${id} has subnets in ${zones}` };
}

/** By which address this computer comes, which alone is let in to schedulers. */
async function way({ subnets }: Vpc, region: string, checkip: string | null): Promise<Finding> {
  const to = subnets[0]?.cidr.split('/')[0] ?? '';
  const address = checkip === null ? await privateAddress(to) : await publicAddress(checkip);
  return { ok: true, message: `way to ${region}: this computer would be let in from ${address}` };
}

/** Each as it would be launched: EC2 looks it up, and refuses one of another architecture. */
async function images(
  client: Promise<EC2>,
  region: string,
  wished: Promise<Wish | null>,
  vpc: Promise<Vpc>,
  own: Own,
): Promise<readonly Finding[]> {
  const wish = await wished;
  const subnet = await vpc.then(
    ({ subnets }) => subnets[0]?.id,
    () => undefined,
  );
  const wanted = wish && [...wish.site.workers, ...wish.site.scheduler].map(({ architecture }) => architecture);
  return Promise.all(
    ARCHITECTURES.filter((architecture) => wanted === null || wanted.includes(architecture)).map(
      async (architecture) => {
        const refused = await launchDry(await client, architecture, subnet, own);
        const fine = { ok: true, message: `image of ${region} for ${architecture}: Ubuntu 24.04 would be launched` };
        return refused ? problem(refused) : fine;
      },
    ),
  );
}

function bakedFinding(region: string, images: readonly Baked[]): Finding {
  const each = images.map(({ id, architecture, base, madeAt }) => {
    const of = base === STOCK ? '' : ` of ${base}`;
    return `${id}${of} for ${architecture}, made ${new Date(madeAt).toISOString().slice(0, 10)}`;
  });
  const none = `none, so machines install their packages as they boot; to bake one: daskup bake aws ${region}`;
  return { ok: true, message: `baked images of ${region}: ${each.join('; ') || none}` };
}

function fits({ site: { region, workers }, workers: count }: Wish): Finding {
  const [best] = workers;
  return { ok: true, message: `plan: ${count} workers in ${region}, best as ${best?.type} ${best?.market}` };
}

async function addresses(
  clients: Clients,
  region: string,
  values: Promise<Readonly<Record<string, number>>>,
): Promise<Finding> {
  return addressFinding(await clients.ec2(region), region, await values);
}

async function prices(clients: Clients): Promise<Finding> {
  await (await clients.pricing()).getProducts({ ServiceCode: 'AmazonEC2', MaxResults: 1 });
  return { ok: true, message: 'prices: the price list can be read' };
}

/** EC2 makes its role for spot machines with the first of them, for whoever may make it. */
async function spotRole(clients: Clients, region: string): Promise<Finding> {
  try {
    await (await clients.iam(region)).getRole({ RoleName: SPOT_ROLE });
    return { ok: true, message: `spot role: ${SPOT_ROLE} is there` };
  } catch (error) {
    const later = 'EC2 makes it with the first spot machine, where iam:CreateServiceLinkedRole is allowed';
    if (/^NoSuchEntity/.test(codeOf(error))) return { ok: true, message: `spot role: not there yet; ${later}` };
    if (error instanceof ProviderError) return { ok: true, message: `spot role: not to be seen; ${later}` };
    throw error;
  }
}
