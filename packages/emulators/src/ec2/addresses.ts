import * as z from 'zod/mini';
import { ACCOUNT } from './images.ts';
import {
  checkKinds,
  Filters,
  Flag,
  matches,
  read,
  TagSpecifications,
  Texts,
  tagSet,
  tagsFor,
  tagValues,
} from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import { type ElasticAddress, type Interface, newId, type Region } from './region.ts';
import type { Answer } from './xml.ts';

/** Source: EC2 user guide, "Elastic IP address quotas": five a region, unless more are asked for. */
export const ELASTIC_IPS = { code: 'L-0263D0A3', name: 'EC2-VPC Elastic IPs', value: 5 } as const;

export function allocateAddress(region: Region, parameters: Parameters): Answer {
  const asked = read(z.object({ TagSpecification: TagSpecifications }), parameters);
  checkKinds(asked.TagSpecification, 'elastic-ip');
  const limit = region.world.quotas.get(ELASTIC_IPS.code) ?? ELASTIC_IPS.value;
  if (region.elastic.size >= limit)
    throw new Refusal('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
  const made: ElasticAddress = {
    id: newId('eipalloc'),
    address: region.nextElastic(),
    tags: new Map(tagsFor('elastic-ip', asked.TagSpecification)),
    association: null,
  };
  region.elastic.set(made.id, made);
  return { allocationId: made.id, publicIp: made.address, domain: 'vpc', networkBorderGroup: region.name };
}

export function associateAddress(region: Region, parameters: Parameters): Answer {
  const asked = read(
    z.object({
      AllocationId: z.string(),
      NetworkInterfaceId: z.optional(z.string()),
      InstanceId: z.optional(z.string()),
      AllowReassociation: z._default(Flag, true),
    }),
    parameters,
  );
  const elastic = allocated(region, asked.AllocationId);
  const target = targetOf(region, asked);
  const other = elasticOf(region, target);
  // Source: EC2 API reference, AssociateAddress, AllowReassociation: else it fails where one is associated already.
  const taken = elastic.association !== null && elastic.association.interfaceId !== target.id;
  if ((taken || (other && other !== elastic)) && !asked.AllowReassociation)
    throw new Refusal(
      'Resource.AlreadyAssociated',
      `resource ${taken ? elastic.id : target.id} is already associated with associate-id ${(elastic.association ?? other?.association)?.id}`,
    );
  if (other && other !== elastic) other.association = null;
  if (elastic.association?.interfaceId !== target.id)
    elastic.association = { id: newId('eipassoc'), interfaceId: target.id };
  return { return: true, associationId: elastic.association.id };
}

export function disassociateAddress(region: Region, parameters: Parameters): Answer {
  const { AssociationId: id } = read(z.object({ AssociationId: z.string() }), parameters);
  const elastic = [...region.elastic.values()].find(({ association }) => association?.id === id);
  if (!elastic) throw new Refusal('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
  elastic.association = null;
  return { return: true };
}

export function releaseAddress(region: Region, parameters: Parameters): Answer {
  const { AllocationId: id } = read(z.object({ AllocationId: z.string() }), parameters);
  const elastic = allocated(region, id);
  // Source: EC2 API reference, ReleaseAddress: it must be disassociated first.
  if (elastic.association !== null)
    throw new Refusal('InvalidIPAddress.InUse', `Address ${elastic.address} is in use.`);
  region.elastic.delete(id);
  return { return: true };
}

export function describeAddresses(region: Region, parameters: Parameters): Answer {
  const asked = read(z.object({ AllocationId: Texts, PublicIp: Texts, Filter: Filters }), parameters);
  for (const id of asked.AllocationId) allocated(region, id);
  const wanted = [...region.elastic.values()].filter(
    (one) =>
      (asked.AllocationId.length === 0 || asked.AllocationId.includes(one.id)) &&
      (asked.PublicIp.length === 0 || asked.PublicIp.includes(one.address)) &&
      matches(asked.Filter, (name) => valuesOf(region, one, name)),
  );
  return { addressesSet: wanted.map((one) => shown(region, one)) };
}

/** The address that is associated with an interface; undefined when none is. */
export function elasticOf(region: Region, { id }: Pick<Interface, 'id'>): ElasticAddress | undefined {
  return [...region.elastic.values()].find(({ association }) => association?.interfaceId === id);
}

function allocated(region: Region, id: string): ElasticAddress {
  const found = region.elastic.get(id);
  if (!found) throw new Refusal('InvalidAllocationID.NotFound', `The allocation ID '${id}' does not exist`);
  return found;
}

function targetOf(
  region: Region,
  {
    NetworkInterfaceId: interfaceId,
    InstanceId: instanceId,
  }: { readonly NetworkInterfaceId?: string | undefined; readonly InstanceId?: string | undefined },
): Interface {
  const id = interfaceId ?? region.instances.get(instanceId ?? '')?.birth.interfaceId;
  const found = region.interfaces.get(id ?? '');
  if (found) return found;
  throw interfaceId === undefined
    ? new Refusal('InvalidInstanceID.NotFound', `The instance ID '${instanceId}' does not exist`)
    : new Refusal('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${interfaceId}' does not exist`);
}

function valuesOf(region: Region, one: ElasticAddress, name: string): readonly string[] | undefined {
  const own = one.association && region.interfaces.get(one.association.interfaceId);
  switch (name) {
    case 'allocation-id':
      return [one.id];
    case 'public-ip':
      return [one.address];
    case 'association-id':
      return one.association ? [one.association.id] : [];
    case 'network-interface-id':
      return own ? [own.id] : [];
    case 'private-ip-address':
      return own ? [own.address] : [];
    case 'instance-id':
      return own?.instanceId ? [own.instanceId] : [];
    default:
      return tagValues(one.tags, name);
  }
}

function shown(region: Region, one: ElasticAddress): Answer {
  const own = one.association && region.interfaces.get(one.association.interfaceId);
  return {
    allocationId: one.id,
    publicIp: one.address,
    domain: 'vpc',
    networkBorderGroup: region.name,
    ...(one.association && own
      ? {
          associationId: one.association.id,
          networkInterfaceId: own.id,
          networkInterfaceOwnerId: ACCOUNT,
          privateIpAddress: own.address,
          instanceId: own.instanceId ?? undefined,
        }
      : {}),
    tagSet: tagSet(one.tags),
  };
}
