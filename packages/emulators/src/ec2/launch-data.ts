import * as z from 'zod/mini';
import { Flag, Num, TagSpecifications, Texts } from './parameters.ts';

/** What a launch can tag. Source: EC2 API reference, RequestLaunchTemplateData, TagSpecification. */
export const LAUNCHED = ['instance', 'volume', 'network-interface', 'spot-instances-request'] as const;

/** What RunInstances and a launch template say of an instance: the same fields in both. */
export const LaunchData = z.object({
  ImageId: z.optional(z.string()),
  InstanceType: z.optional(z.string()),
  KeyName: z.optional(z.string()),
  UserData: z.optional(z.string()),
  SecurityGroupId: Texts,
  SecurityGroup: Texts,
  InstanceInitiatedShutdownBehavior: z.optional(z.enum(['stop', 'terminate'])),
  BlockDeviceMapping: z._default(
    z.array(
      z.object({
        DeviceName: z.string(),
        Ebs: z.optional(
          z.object({
            VolumeType: z.optional(z.string()),
            VolumeSize: z.optional(Num),
            Encrypted: z.optional(Flag),
            DeleteOnTermination: z.optional(Flag),
          }),
        ),
      }),
    ),
    [],
  ),
  IamInstanceProfile: z.optional(z.object({ Arn: z.optional(z.string()), Name: z.optional(z.string()) })),
  Placement: z.optional(z.object({ AvailabilityZone: z.optional(z.string()) })),
  MetadataOptions: z.optional(
    z.object({
      HttpTokens: z.optional(z.enum(['optional', 'required'])),
      HttpEndpoint: z.optional(z.enum(['enabled', 'disabled'])),
      InstanceMetadataTags: z.optional(z.enum(['enabled', 'disabled'])),
    }),
  ),
  InstanceMarketOptions: z.optional(
    z.object({
      MarketType: z.optional(z.enum(['spot', 'capacity-block'])),
      SpotOptions: z.optional(z.object({ MaxPrice: z.optional(Num) })),
    }),
  ),
  NetworkInterface: z._default(
    z.array(
      z.object({
        DeviceIndex: z.optional(Num),
        NetworkInterfaceId: z.optional(z.string()),
        SubnetId: z.optional(z.string()),
        SecurityGroupId: Texts,
        PrivateIpAddress: z.optional(z.string()),
        AssociatePublicIpAddress: z.optional(Flag),
        DeleteOnTermination: z.optional(Flag),
        Description: z.optional(z.string()),
      }),
    ),
    [],
  ),
  TagSpecification: TagSpecifications,
});
export type LaunchData = z.infer<typeof LaunchData>;
