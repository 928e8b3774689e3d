import * as z from 'zod/mini';
import { elasticOf } from './addresses.ts';
import { ACCOUNT } from './images.ts';
import { type Instance, REASONS, STATE_CODES, type State } from './instance.ts';
import { Filters, matches, Paged, page, read, Texts, tagSet, tagValues } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Answer } from './xml.ts';

/** Ended instances are shown for about an hour. Source: EC2 user guide, "Terminate Amazon EC2 instances". */
const SHOWN_AFTER_END_MS = 3_600_000;
/** EC2 gives no more a page. Source: EC2 API reference, DescribeInstances, MaxResults. */
const MOST_A_PAGE = 1_000;

export function describeInstances(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { InstanceId: Texts, Filter: Filters }), parameters);
  // Source: EC2 API reference, DescribeInstances, MaxResults: not with ids; between 5 and 1000.
  if (asked.MaxResults !== undefined && asked.InstanceId.length > 0)
    throw new Refusal(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  if (asked.MaxResults !== undefined && (asked.MaxResults < 5 || asked.MaxResults > MOST_A_PAGE))
    throw new Refusal(
      'InvalidParameterValue',
      `Value ( ${asked.MaxResults} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  const visible = instancesNamed(region, asked.InstanceId);
  const wanted = visible.filter((instance) => matches(asked.Filter, (name) => valuesOf(region, instance, name)));
  const { items, nextToken } = page(wanted, asked, MOST_A_PAGE);
  const reservations = Map.groupBy(items, ({ birth }) => birth.reservationId);
  return {
    reservationSet: [...reservations].map(([reservationId, instances]) => ({
      reservationId,
      ownerId: ACCOUNT,
      groupSet: [],
      instancesSet: instances.map((instance) => shownInstance(region, instance, region.shown)),
    })),
    nextToken,
  };
}

export function describeInstanceStatus(region: Region, parameters: Parameters): Answer {
  const asked = read(
    z.extend(Paged, { InstanceId: Texts, Filter: Filters, IncludeAllInstances: z.optional(z.string()) }),
    parameters,
  );
  const wanted = instancesNamed(region, asked.InstanceId).filter(
    (instance) =>
      (asked.IncludeAllInstances === 'true' || instance.stateAt(region.shown) === 'running') &&
      matches(asked.Filter, (name) => valuesOf(region, instance, name)),
  );
  const { items, nextToken } = page(wanted, asked, MOST_A_PAGE);
  const ok = { status: 'ok', details: [{ name: 'reachability', status: 'passed' }] };
  return {
    instanceStatusSet: items.map((instance) => ({
      instanceId: instance.id,
      availabilityZone: instance.birth.zone,
      instanceState: stateSet(instance.stateAt(region.shown) ?? 'pending'),
      systemStatus: ok,
      instanceStatus: ok,
    })),
    nextToken,
  };
}

/**
 * The instances of these ids, or all, that can be seen now.
 * @throws {Refusal} when one of the ids is none.
 */
export function instancesNamed(region: Region, ids: readonly string[], at = region.shown): readonly Instance[] {
  const seen = (instance: Instance | undefined) => instance !== undefined && isSeen(region, instance, at);
  if (ids.length === 0) return [...region.instances.values()].filter(seen);
  for (const id of ids)
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
      throw new Refusal('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  // One id that is none fails the whole call. Source: EC2 API reference, DescribeInstances and TerminateInstances.
  const missing = ids.filter((id) => !seen(region.instances.get(id)));
  if (missing.length > 0) {
    const [what, verb] = missing.length === 1 ? ['ID', 'does'] : ['IDs', 'do'];
    throw new Refusal('InvalidInstanceID.NotFound', `The instance ${what} '${missing.join(', ')}' ${verb} not exist`);
  }
  return ids.flatMap((id) => region.instances.get(id) ?? []);
}

function isSeen(region: Region, instance: Instance, at: number): boolean {
  const ended = instance.since('terminated');
  return instance.stateAt(at) !== null && (ended === null || region.now - ended < SHOWN_AFTER_END_MS);
}

function valuesOf(region: Region, instance: Instance, name: string): readonly string[] | undefined {
  const { birth } = instance;
  const state = instance.stateAt(region.shown) ?? 'pending';
  switch (name) {
    case 'instance-state-name':
      return [state];
    case 'instance-state-code':
      return [String(STATE_CODES[state])];
    case 'instance-id':
      return [instance.id];
    case 'instance-type':
      return [birth.type];
    case 'instance-lifecycle':
      return birth.market === 'spot' ? ['spot'] : [];
    case 'availability-zone':
      return [birth.zone];
    case 'subnet-id':
    case 'network-interface.subnet-id':
      return [birth.subnetId];
    case 'vpc-id':
    case 'network-interface.vpc-id':
      return [birth.vpcId];
    case 'image-id':
      return [birth.imageId];
    case 'architecture':
      return [birth.architecture];
    case 'private-ip-address':
      return [birth.address];
    case 'ip-address':
      return [publicAddressOf(region, instance)].filter((one) => one !== undefined);
    case 'client-token':
      return [birth.clientToken];
    case 'reservation-id':
      return [birth.reservationId];
    case 'key-name':
      return birth.keyName === undefined ? [] : [birth.keyName];
    case 'instance.group-id':
    case 'network-interface.group-id':
      return birth.groups;
    case 'network-interface.network-interface-id':
      return [birth.interfaceId];
    default:
      return tagValues(instance.tags, name);
  }
}

export function stateSet(state: State): Answer {
  return { code: STATE_CODES[state], name: state };
}

/** An instance as a description of that time shows it. */
export function shownInstance(region: Region, instance: Instance, at: number): Readonly<Record<string, Answer>> {
  const { birth } = instance;
  const state = instance.stateAt(at) ?? 'pending';
  const isOver = state === 'terminated';
  const going = instance.since('shutting-down') ?? instance.since('stopping');
  const ending = state !== 'pending' && state !== 'running' && instance.reason !== null;
  const [code, message] = instance.reason ? REASONS[instance.reason] : ['', ''];
  const groupSet = birth.groups.map((groupId) => ({ groupId, groupName: region.network.nameOf(groupId) }));
  const host = `ip-${birth.address.replaceAll('.', '-')}.${birth.region}.compute.internal`;
  const attachTime = new Date(instance.launchedAt);
  const isUp = state === 'running' || state === 'pending';
  const publicAddress = isUp ? publicAddressOf(region, instance) : undefined;
  return {
    instanceId: instance.id,
    imageId: birth.imageId,
    instanceState: stateSet(state),
    privateDnsName: isOver ? '' : host,
    dnsName: publicAddress === undefined ? '' : host,
    // To the second, as EC2 says it: the one place that tells when an instance ended.
    reason: ending ? `${reasonText(instance)} (${secondsOf(going ?? at)} GMT)` : '',
    ...(ending ? { stateReason: { code, message: `${code}: ${message}` } } : {}),
    keyName: birth.keyName,
    amiLaunchIndex: birth.index,
    productCodes: [],
    instanceType: birth.type,
    launchTime: new Date(instance.launchedAt),
    placement: { availabilityZone: birth.zone, groupName: '', tenancy: 'default' },
    monitoring: { state: 'disabled' },
    ...(isOver
      ? {}
      : {
          subnetId: birth.subnetId,
          vpcId: birth.vpcId,
          privateIpAddress: birth.address,
          ipAddress: publicAddress,
        }),
    sourceDestCheck: true,
    groupSet: isOver ? [] : groupSet,
    architecture: birth.architecture,
    rootDeviceType: 'ebs',
    rootDeviceName: birth.volume.device,
    blockDeviceMapping: isOver
      ? []
      : [
          {
            deviceName: birth.volume.device,
            ebs: {
              volumeId: birth.volume.id,
              status: 'attached',
              attachTime,
              deleteOnTermination: birth.volume.deleteOnTermination,
            },
          },
        ],
    virtualizationType: 'hvm',
    ...(birth.market === 'spot'
      ? { instanceLifecycle: 'spot', spotInstanceRequestId: `sir-${instance.id.slice(2, 10)}` }
      : {}),
    clientToken: birth.clientToken,
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    networkInterfaceSet: isOver
      ? []
      : [
          {
            networkInterfaceId: birth.interfaceId,
            subnetId: birth.subnetId,
            vpcId: birth.vpcId,
            ownerId: ACCOUNT,
            status: 'in-use',
            privateIpAddress: birth.address,
            sourceDestCheck: true,
            groupSet,
            attachment: { deviceIndex: 0, status: 'attached', attachTime, deleteOnTermination: true },
          },
        ],
    ...(birth.profileArn === undefined ? {} : { iamInstanceProfile: { arn: birth.profileArn, id: 'AIPAEMULATOR' } }),
    ebsOptimized: false,
    enaSupport: true,
    metadataOptions: {
      state: 'applied',
      httpTokens: birth.metadata.tokens,
      httpPutResponseHopLimit: 1,
      httpEndpoint: birth.metadata.enabled ? 'enabled' : 'disabled',
      instanceMetadataTags: birth.metadata.tags ? 'enabled' : 'disabled',
    },
  };
}

/** Its Elastic IP, or else, where it has a public one at all, its own: on one computer all can be reached. */
function publicAddressOf(region: Region, { birth }: Instance): string | undefined {
  return elasticOf(region, { id: birth.interfaceId })?.address ?? (birth.isPublic ? birth.address : undefined);
}

function reasonText({ reason }: Instance): string {
  return reason === 'user' || reason === 'itself' ? 'User initiated' : reason ? REASONS[reason][0] : '';
}

function secondsOf(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
