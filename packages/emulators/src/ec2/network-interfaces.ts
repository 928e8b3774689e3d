import * as z from 'zod/mini';
import { ACCOUNT } from './images.ts';
import { groupsIn, subnetNamed } from './launch.ts';
import {
  checkKinds,
  Filters,
  Flag,
  matches,
  Paged,
  page,
  read,
  TagSpecifications,
  Texts,
  tagSet,
  tagsFor,
  tagValues,
} from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Interface, Region } from './region.ts';
import type { Answer } from './xml.ts';

const Asked = z.object({
  SubnetId: z.string(),
  PrivateIpAddress: z.optional(z.string()),
  Description: z._default(z.string(), ''),
  SecurityGroupId: Texts,
  TagSpecification: TagSpecifications,
});

export async function createNetworkInterface(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(Asked, parameters);
  checkKinds(asked.TagSpecification, 'network-interface');
  const subnet = subnetNamed(await region.network.subnets(), asked.SubnetId);
  const groups = await groupsIn(region, asked.SecurityGroupId, subnet);
  const made = region.makeInterface(subnet, groups, tagsFor('network-interface', asked.TagSpecification), {
    wanted: asked.PrivateIpAddress,
    description: asked.Description,
  });
  return { networkInterface: shown(region, made) };
}

export function deleteNetworkInterface(region: Region, parameters: Parameters): Answer {
  const { NetworkInterfaceId: id } = read(z.object({ NetworkInterfaceId: z.string() }), parameters);
  const found = interfaceNamed(region, id);
  // Source: EC2 API reference, DeleteNetworkInterface: it must be detached first.
  if (found.instanceId !== null)
    throw new Refusal('InvalidParameterValue', `Network interface '${id}' is currently in use.`);
  region.removeInterface(found);
  return { return: true };
}

export function describeNetworkInterfaces(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { NetworkInterfaceId: Texts, Filter: Filters }), parameters);
  const known = asked.NetworkInterfaceId.length
    ? asked.NetworkInterfaceId.map((id) => interfaceNamed(region, id))
    : [...region.interfaces.values()];
  const wanted = known.filter(
    (one) => one.madeAt <= region.shown && matches(asked.Filter, (name) => valuesOf(one, name)),
  );
  const { items, nextToken } = page(wanted, asked, 1_000);
  return { networkInterfaceSet: items.map((one) => shown(region, one)), nextToken };
}

export async function modifyNetworkInterfaceAttribute(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(
    z.object({
      NetworkInterfaceId: z.string(),
      SecurityGroupId: Texts,
      Attachment: z.optional(z.object({ DeleteOnTermination: z.optional(Flag) })),
    }),
    parameters,
  );
  const found = interfaceNamed(region, asked.NetworkInterfaceId);
  if (asked.SecurityGroupId.length > 0) found.groups = await groupsIn(region, asked.SecurityGroupId, found.subnet);
  if (asked.Attachment?.DeleteOnTermination !== undefined)
    found.deleteOnTermination = asked.Attachment.DeleteOnTermination;
  return { return: true };
}

function interfaceNamed(region: Region, id: string): Interface {
  const found = region.interfaces.get(id);
  if (!found) throw new Refusal('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
  return found;
}

function valuesOf(one: Interface, name: string): readonly string[] | undefined {
  switch (name) {
    case 'network-interface-id':
      return [one.id];
    case 'status':
      return [one.instanceId === null ? 'available' : 'in-use'];
    case 'subnet-id':
      return [one.subnet.id];
    case 'vpc-id':
      return [one.subnet.vpcId];
    case 'availability-zone':
      return [one.subnet.zone];
    case 'group-id':
      return one.groups;
    case 'private-ip-address':
    case 'addresses.private-ip-address':
      return [one.address];
    case 'description':
      return [one.description];
    case 'attachment.instance-id':
      return one.instanceId === null ? [] : [one.instanceId];
    default:
      return tagValues(one.tags, name);
  }
}

function shown(region: Region, one: Interface): Answer {
  return {
    networkInterfaceId: one.id,
    subnetId: one.subnet.id,
    vpcId: one.subnet.vpcId,
    availabilityZone: one.subnet.zone,
    description: one.description,
    ownerId: ACCOUNT,
    requesterManaged: false,
    status: one.instanceId === null ? 'available' : 'in-use',
    privateIpAddress: one.address,
    privateDnsName: `ip-${one.address.replaceAll('.', '-')}.ec2.internal`,
    sourceDestCheck: true,
    interfaceType: 'interface',
    groupSet: one.groups.map((groupId) => ({ groupId, groupName: region.network.nameOf(groupId) })),
    ...(one.instanceId === null
      ? {}
      : {
          attachment: {
            attachmentId: `eni-attach-${one.id.slice(4)}`,
            instanceId: one.instanceId,
            instanceOwnerId: ACCOUNT,
            deviceIndex: 0,
            status: 'attached',
            attachTime: new Date(one.madeAt),
            deleteOnTermination: one.deleteOnTermination,
          },
        }),
    privateIpAddressesSet: [{ privateIpAddress: one.address, primary: true }],
    tagSet: tagSet(one.tags),
  };
}
