import * as z from 'zod/mini';
import { shownInstance } from './describe-instances.ts';
import { ACCOUNT } from './images.ts';
import type { Instance } from './instance.ts';
import { launch, mouldOf, roomFor } from './launch.ts';
import { LAUNCHED, LaunchData } from './launch-data.ts';
import { TemplateSpecification, templateData } from './launch-template.ts';
import { checkKinds, Num, read } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import { microsNow, throttleRefusal } from './rules.ts';
import type { Answer } from './xml.ts';

const Asked = z.extend(LaunchData, {
  MinCount: Num,
  MaxCount: Num,
  SubnetId: z.optional(z.string()),
  PrivateIpAddress: z.optional(z.string()),
  ClientToken: z._default(z.string(), ''),
  LaunchTemplate: z.optional(TemplateSpecification),
});

/** RunInstances: as many as there is room for between the least and the most, or none. */
export async function runInstances(region: Region, parameters: Parameters): Promise<Answer> {
  const { asked, template, mould } = await checkRunInstances(region, parameters);
  const { MinCount: least, MaxCount: most } = asked;
  const { count, why } = roomFor(region, mould, most);
  if (count < least && why) throw why;
  if (!region.buckets.takeAll('runMachines', count)) throw throttleRefusal();
  const ownTags = new Map(
    template && [
      ['aws:ec2launchtemplate:id', template.template.id],
      ['aws:ec2launchtemplate:version', String(template.version)],
    ],
  );
  const instances = launch(region, mould, count, {
    // The call's own tags come last, and win.
    tagSpecifications: [...(template?.data.TagSpecification ?? []), ...asked.TagSpecification],
    ownTags,
    clientToken: asked.ClientToken,
  });
  return reservation(region, instances);
}

/** @throws {Refusal} for what EC2 would not launch however much room it has. */
export async function checkRunInstances(region: Region, parameters: Parameters) {
  const asked = read(Asked, parameters);
  const { MinCount: least, MaxCount: most } = asked;
  // Source: EC2 API reference, RunInstances, MinCount and MaxCount.
  if (least < 1 || most < least)
    throw new Refusal('InvalidParameterValue', `Invalid value '${least}' for MinCount. Must be between 1 and MaxCount`);
  checkKinds(asked.TagSpecification, ...LAUNCHED);
  const template = asked.LaunchTemplate && templateData(region, asked.LaunchTemplate);
  const { data, subnetId } = merged(asked, template?.data);
  const [nic] = data.NetworkInterface;
  const alone = nic?.NetworkInterfaceId ?? nic?.PrivateIpAddress;
  if (alone !== undefined && most > 1)
    throw new Refusal('InvalidParameterCombination', `MaxCount must be 1 with ${alone}: it is for one instance only`);
  const market = data.InstanceMarketOptions?.MarketType === 'spot' ? 'spot' : 'on-demand';
  const mould = await mouldOf(region, data, { market, subnetId });
  const ceiling = data.InstanceMarketOptions?.SpotOptions?.MaxPrice;
  if (market === 'spot' && ceiling !== undefined) {
    const micros = microsNow(region, mould.type.InstanceType, mould.subnet.zone, market);
    if (ceiling * 1e6 < micros)
      throw new Refusal(
        'SpotMaxPriceTooLow',
        `Your Spot request price of ${ceiling} is lower than the minimum required Spot request fulfillment price of ${micros / 1e6}.`,
      );
  }
  return { asked, template, mould };
}

/** What the call says, and what its template says of the rest. */
function merged(asked: z.infer<typeof Asked>, template: LaunchData | undefined) {
  const NetworkInterface =
    asked.NetworkInterface.length > 0 ? asked.NetworkInterface : (template?.NetworkInterface ?? []);
  const groups = <K extends 'SecurityGroupId' | 'SecurityGroup'>(name: K) =>
    asked[name].length > 0 ? asked[name] : (template?.[name] ?? []);
  const { SubnetId, PrivateIpAddress } = asked;
  if (asked.NetworkInterface.length > 0 && (SubnetId !== undefined || PrivateIpAddress !== undefined))
    throw new Refusal(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or private IP address may not be specified on the same request',
    );
  const set = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const data: LaunchData = {
    ...template,
    ...(set as typeof asked),
    SecurityGroupId: groups('SecurityGroupId'),
    SecurityGroup: groups('SecurityGroup'),
    BlockDeviceMapping:
      asked.BlockDeviceMapping.length > 0 ? asked.BlockDeviceMapping : (template?.BlockDeviceMapping ?? []),
    NetworkInterface:
      PrivateIpAddress === undefined
        ? NetworkInterface
        : [
            {
              SecurityGroupId: groups('SecurityGroupId'),
              PrivateIpAddress,
              ...(SubnetId === undefined ? {} : { SubnetId }),
            },
          ],
    MetadataOptions: { ...template?.MetadataOptions, ...asked.MetadataOptions },
  };
  return {
    data: PrivateIpAddress === undefined ? data : { ...data, SecurityGroupId: [], SecurityGroup: [] },
    subnetId: SubnetId,
  };
}

function reservation(region: Region, instances: readonly Instance[]): Answer {
  return {
    reservationId: instances[0]?.birth.reservationId,
    ownerId: ACCOUNT,
    groupSet: [],
    // Automatic public addresses are not in this answer, but in later descriptions. Source: EC2 API reference, RunInstances,
    // "Examples": a pending instance has none.
    instancesSet: instances.map((instance) => ({
      ...shownInstance(region, instance, region.now),
      dnsName: '',
      ipAddress: undefined,
    })),
  };
}
