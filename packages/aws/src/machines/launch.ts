import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CreateFleetResult, EC2, RequestLaunchTemplateData, RunInstancesRequest } from '@aws-sdk/client-ec2';
import { type Offer, poolOf } from '@daskup/core/plan/offer';
import {
  type LaunchBatch,
  type LaunchResult,
  type Machine,
  ProviderError,
  type Shortage,
} from '@daskup/core/provision/provider';
import { describeSeconds } from '@daskup/core/spec/duration';
import { codeOf, type Failure, failureOf, isImageGone, meaningOf, RETRY_MS, shortageOf } from '../errors.ts';
import type { BootImage } from '../images/images.ts';
import type { Interface } from '../network/interface.ts';
import type { Network } from '../network/network.ts';
import { type Own, ownOfMachine } from '../own.ts';
import { clusterTags, machineTags, offerTags, roleTags, tagged, withUserTags } from '../tags.ts';

/** More pools a call makes EC2 no better at finding room, and its answer longer. Karpenter has found the same number. */
const POOLS = 60;
/** A scheduler is one machine of a common kind: where so many types have no room, the zone has none. */
const SCHEDULER_TRIES = 5;
/** How fast a region's throttle lets go of more machines once a thousand were started. Source: EC2 API reference, "Request throttling". */
const MACHINES_A_SECOND = 2;
const MACHINES_AT_ONCE = 1000;
/** The rest is asked for some dozens at a time, of which others may have taken their share; milliseconds. */
const PACE_MS = 30_000;

/** Where a launch goes, and what its machines run. */
export interface Site {
  readonly network: Network;
  /** Whether machines get public addresses of their own. */
  readonly isPublic: boolean;
  readonly own: Own;
  readonly userData: Buffer;
  readonly image: BootImage;
  /** Whether it is one of daskup's own making, which may be deleted while clusters know it. */
  readonly isBaked: boolean;
  /** Launch templates, by name, that are known to be there. */
  readonly templates: Set<string>;
  readonly now: number;
}

/** What became of a launch. */
export interface Launched extends LaunchResult {
  /** An image that was to be booted is not there any more: the next attempt must boot another. */
  readonly isImageGone?: true;
}

/**
 * The workers of a batch, by two calls for any number of them: a launch template, and a fleet that takes of up to
 * {@link POOLS} pools what it can get. The same batch again gives the same machines: its token is the fleet's.
 */
export async function launchWorkers(ec2: EC2, batch: LaunchBatch, site: Site): Promise<Launched> {
  const { token, tags, userTags, count, market } = batch;
  const offers = poolsOf(batch.offers, site.network);
  const carried = withUserTags(machineTags(tags), userTags);
  const LaunchTemplateName = await makeTemplate(ec2, batch, site);
  // The scheduler, which is launched beside them, is one of those at once: to ask for the last worker anew is another call.
  if (count >= MACHINES_AT_ONCE) await delay(1000 / MACHINES_A_SECOND);
  const fleet = await ec2.createFleet({
    Type: 'instant',
    ClientToken: token,
    TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: market },
    SpotOptions: { AllocationStrategy: 'price-capacity-optimized' },
    OnDemandOptions: { AllocationStrategy: 'lowest-price' },
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: { LaunchTemplateName, Version: '1' },
        Overrides: offers.map(({ type, zone, architecture }) => ({
          InstanceType: type as never,
          SubnetId: site.network.subnets.find((subnet) => subnet.zone === zone)?.id,
          ImageId: site.image.idFor(architecture),
        })),
      },
    ],
    TagSpecifications: [...tagged([...carried, ...offerTags(offers)], 'instance'), ...tagged(carried, 'fleet')],
  });
  return resultOf(fleet, batch, offers, site);
}

/**
 * The offers that a fleet is asked for: those where a subnet is.
 * @throws {ProviderError} when none is left.
 */
export function poolsOf(offers: readonly Offer[], { subnets }: Network): readonly Offer[] {
  const pools = offers.filter((offer) => subnets.some(({ zone }) => zone === offer.zone)).slice(0, POOLS);
  if (pools.length > 0) return pools;
  const zones = [...new Set(offers.map(({ zone }) => zone))].join(', ');
  throw new ProviderError(
    `There is no subnet where these machines are sold (${zones}). Make one: aws ec2 create-default-subnet --availability-zone ZONE; or name one of your own: DASKUP_AWS_SUBNETS`,
  );
}

/** The template of these machines. Its name tells its content, so that a change of it is another template. */
async function makeTemplate(
  ec2: EC2,
  { tags, userTags, market, offers, diskGiB }: LaunchBatch,
  site: Site,
): Promise<string> {
  const data: RequestLaunchTemplateData = {
    // Every override names the image of its architecture.
    ImageId: site.image.idFor(offers[0]?.architecture ?? 'x86_64'),
    UserData: site.userData.toString('base64'),
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: METADATA,
    BlockDeviceMappings: disksOf(site.image, diskGiB),
    ...ownOfMachine(site.own),
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        Groups: [site.network.groupId, ...site.network.ownGroupIds],
        AssociatePublicIpAddress: site.isPublic,
        DeleteOnTermination: true,
      },
    ],
    // A fleet tags only itself and its instances. Source: EC2 API reference, CreateFleet, TagSpecification.
    TagSpecifications: tagged(
      withUserTags(roleTags(tags), userTags),
      'volume',
      'network-interface',
      ...(market === 'spot' ? (['spot-instances-request'] as const) : []),
    ),
  };
  const digest = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 32);
  const name = `${prefixOf(tags.clusterId)}${digest}`;
  if (site.templates.has(name)) return name;
  try {
    await ec2.createLaunchTemplate({
      LaunchTemplateName: name,
      LaunchTemplateData: data,
      TagSpecifications: tagged(withUserTags(clusterTags(tags), userTags), 'launch-template'),
    });
  } catch (error) {
    if (codeOf(error) !== 'InvalidLaunchTemplateName.AlreadyExistsException') throw error;
  }
  site.templates.add(name);
  return name;
}

function prefixOf(clusterId: string): string {
  return `daskup-${clusterId}-`;
}

/** Whether a launch template of this name is of this cluster. */
export function isTemplateOf(name: string, clusterId: string): boolean {
  return name.startsWith(prefixOf(clusterId));
}

const IMAGE_GONE = {
  kind: 'throttled',
  retryMs: RETRY_MS,
  message: 'the image that was baked is gone; trying again without it',
} as const;

/** What EC2 made of a fleet, and for each pool that gave nothing why. */
export function resultOf(
  { Instances = [], Errors = [] }: CreateFleetResult,
  batch: LaunchBatch,
  offers: readonly Offer[],
  site: Site,
): Launched {
  const { subnets } = site.network;
  const zoneOf = (subnetId?: string) => subnets.find(({ id }) => id === subnetId)?.zone;
  const offerOf = (type?: string, zone?: string) => offers.find((offer) => offer.type === type && offer.zone === zone);
  const machines = Instances.flatMap(({ InstanceIds = [], InstanceType, AvailabilityZone, ...made }) => {
    const override = made.LaunchTemplateAndOverrides?.Overrides;
    const zone = AvailabilityZone ?? override?.AvailabilityZone ?? zoneOf(made.SubnetId ?? override?.SubnetId);
    const offer = offerOf(InstanceType ?? override?.InstanceType, zone) ?? offers[0];
    return offer ? InstanceIds.map((id) => born(id, batch, offer, '', site.now)) : [];
  });
  if (machines.length >= batch.count) return { machines, shortages: [] };
  const [pool] = offers;
  if (pool && site.isBaked && Errors.some(({ ErrorCode = '' }) => isImageGone(ErrorCode)))
    return { machines, shortages: [{ ...IMAGE_GONE, pool: poolOf(pool) }], isImageGone: true };

  const shortages = new Map<string, Shortage>();
  const refusals: Failure[] = [];
  for (const { ErrorCode: code = '', ErrorMessage: message = '', LaunchTemplateAndOverrides } of Errors) {
    const override = LaunchTemplateAndOverrides?.Overrides;
    const offer =
      offerOf(override?.InstanceType, override?.AvailabilityZone ?? zoneOf(override?.SubnetId)) ?? offers[0];
    if (!offer) continue;
    const shortage = shortageOf({ code, message }, offer);
    if (!shortage) refusals.push({ code, message });
    // What is wrong with one pool alone is a reason to take others.
    const known: Shortage = shortage ?? {
      kind: 'capacity',
      pool: `${offer.market}/${offer.type}/${offer.zone}`,
      message: `${offer.type} in ${offer.zone}: ${message}`,
    };
    shortages.set(known.kind === 'quota' ? known.kind : known.pool, known);
  }
  const [refusal] = refusals;
  if (machines.length === 0 && refusal && refusals.length === Errors.length) {
    const meaning = meaningOf(refusal);
    const why = `EC2 refused the fleet (${refusal.code}): ${refusal.message}`;
    throw new ProviderError(meaning?.kind === 'person' ? meaning.what : why);
  }
  for (const [key, shortage] of shortages) {
    if (shortage.kind !== 'throttled') continue;
    const missing = batch.count - machines.length;
    const seconds = Math.ceil(missing / MACHINES_A_SECOND);
    const message = `EC2 starts ${MACHINES_AT_ONCE} machines at once, then ${MACHINES_A_SECOND} a second: ${missing} more take about ${describeSeconds(seconds)}`;
    shortages.set(key, { ...shortage, message, retryMs: Math.min(PACE_MS, Math.max(RETRY_MS, seconds * 1000)) });
  }
  if (shortages.size === 0 && offers[0]) {
    const { market, type, zone } = offers[0];
    const message = `EC2 started ${machines.length} machines and did not say why no more; trying again`;
    return {
      machines,
      shortages: [{ kind: 'throttled', pool: `${market}/${type}/${zone}`, retryMs: RETRY_MS, message }],
    };
  }
  return { machines, shortages: [...shortages.values()] };
}

/**
 * The scheduler of a batch, with the interface that was made for it: type after type until one has room. The interface
 * holds one machine at most, whatever is asked for twice.
 */
export async function launchScheduler(
  ec2: EC2,
  batch: LaunchBatch,
  place: Interface,
  site: Site,
): Promise<LaunchResult> {
  const shortages: Shortage[] = [];
  for (const [i, offer] of batch.offers.slice(0, SCHEDULER_TRIES).entries()) {
    try {
      const { Instances = [] } = await ec2.runInstances(schedulerOf(batch, offer, `${batch.token}-${i}`, place, site));
      const id = Instances[0]?.InstanceId;
      if (id === undefined) throw new Error('EC2 answered a launch with no machine');
      return { machines: [born(id, batch, offer, place.address, site.now)], shortages: [] };
    } catch (error) {
      const failure = failureOf(error);
      const shortage = failure.code === 'InvalidNetworkInterface.InUse' ? stillHeld(offer) : shortageOf(failure, offer);
      if (!shortage) throw error;
      shortages.push(shortage);
      if (shortage.kind === 'quota' || failure.code === 'RequestLimitExceeded') break;
    }
  }
  return { machines: [], shortages };
}

/**
 * The interface has a machine: one that a launch got whose answer was lost, of another of the types, whose turn comes; or,
 * where EC2 has forgotten that launch, one that a list will show.
 */
function stillHeld({ market, type, zone }: Offer): Shortage {
  const message = 'the scheduler is there already';
  return { kind: 'throttled', pool: `${market}/${type}/${zone}`, retryMs: RETRY_MS, message };
}

function schedulerOf(
  { tags, userTags, diskGiB }: LaunchBatch,
  offer: Offer,
  ClientToken: string,
  place: Interface,
  site: Site,
): RunInstancesRequest {
  const carried = withUserTags(machineTags(tags), userTags);
  return {
    ClientToken,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: offer.type as never,
    ImageId: site.image.idFor(offer.architecture),
    UserData: site.userData.toString('base64'),
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: METADATA,
    BlockDeviceMappings: disksOf(site.image, diskGiB),
    ...ownOfMachine(site.own),
    NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: place.id }],
    TagSpecifications: [
      ...tagged([...carried, ...offerTags([offer])], 'instance'),
      ...tagged(withUserTags(roleTags(tags), userTags), 'volume'),
    ],
  };
}

/** Only version 2 of the metadata service, and only for the machine itself. */
export const METADATA = { HttpTokens: 'required', HttpPutResponseHopLimit: 1, HttpEndpoint: 'enabled' } as const;

/** A machine's own disk, which holds its environment and what Dask spills: no smaller than what the image holds. */
export function disksOf(image: BootImage, diskGiB: number) {
  const VolumeSize = Math.max(image.diskGiB, Math.ceil(diskGiB));
  return [
    {
      DeviceName: image.rootDevice,
      Ebs: { VolumeType: 'gp3', VolumeSize, Encrypted: true, DeleteOnTermination: true },
    },
  ] satisfies RequestLaunchTemplateData['BlockDeviceMappings'];
}

/** A machine that EC2 has just said it made. */
function born(id: string, { tags }: LaunchBatch, offer: Offer, address: string, now: number): Machine {
  return {
    id,
    tags,
    state: 'pending',
    offer,
    address,
    launchedAt: now,
    runningAt: null,
    endedAt: null,
    endReason: '',
    reclaimed: false,
  };
}
