import type { Bucket } from '../buckets.ts';
import {
  allocateAddress,
  associateAddress,
  describeAddresses,
  disassociateAddress,
  releaseAddress,
} from './addresses.ts';
import { getConsoleOutput } from './console-output.ts';
import { describeInstanceStatus, describeInstances } from './describe-instances.ts';
import { createFleet, deleteFleets, describeFleets } from './fleet.ts';
import { createImage, deleteSnapshot, deregisterImage, describeImages, describeSnapshots } from './image-calls.ts';
import {
  createLaunchTemplate,
  createLaunchTemplateVersion,
  deleteLaunchTemplate,
  describeLaunchTemplates,
  describeLaunchTemplateVersions,
  modifyLaunchTemplate,
} from './launch-template.ts';
import {
  describeInstanceTypeOfferings,
  describeInstanceTypes,
  describeSpotPriceHistory,
  getSpotPlacementScores,
} from './market.ts';
import {
  createNetworkInterface,
  deleteNetworkInterface,
  describeNetworkInterfaces,
  modifyNetworkInterfaceAttribute,
} from './network-interfaces.ts';
import type { Parameters } from './query.ts';
import type { Region } from './region.ts';
import { describeRegions } from './regions.ts';
import { runInstances } from './run-instances.ts';
import { areOurs, createTags, deleteTags } from './tags.ts';
import { terminateInstances } from './terminate-instances.ts';
import { describeVolumes } from './volumes.ts';
import type { Answer } from './xml.ts';

export type Call = (region: Region, parameters: Parameters) => Answer | Promise<Answer>;

/** The calls of EC2 that are answered here; moto has the rest. */
const CALLS: Readonly<Record<string, Call>> = {
  AllocateAddress: allocateAddress,
  AssociateAddress: associateAddress,
  CreateFleet: createFleet,
  CreateImage: createImage,
  CreateLaunchTemplate: createLaunchTemplate,
  CreateLaunchTemplateVersion: createLaunchTemplateVersion,
  CreateNetworkInterface: createNetworkInterface,
  CreateTags: createTags,
  DeleteFleets: deleteFleets,
  DeleteLaunchTemplate: deleteLaunchTemplate,
  DeleteNetworkInterface: deleteNetworkInterface,
  DeleteSnapshot: deleteSnapshot,
  DeleteTags: deleteTags,
  DeregisterImage: deregisterImage,
  DescribeAddresses: describeAddresses,
  DescribeFleets: describeFleets,
  DescribeImages: describeImages,
  DescribeInstanceStatus: describeInstanceStatus,
  DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstances: describeInstances,
  DescribeLaunchTemplateVersions: describeLaunchTemplateVersions,
  DescribeLaunchTemplates: describeLaunchTemplates,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRegions: describeRegions,
  DescribeSnapshots: describeSnapshots,
  DescribeSpotPriceHistory: describeSpotPriceHistory,
  DescribeVolumes: describeVolumes,
  DisassociateAddress: disassociateAddress,
  GetConsoleOutput: getConsoleOutput,
  GetSpotPlacementScores: getSpotPlacementScores,
  ModifyLaunchTemplate: modifyLaunchTemplate,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  ReleaseAddress: releaseAddress,
  RunInstances: runInstances,
  TerminateInstances: terminateInstances,
};

/** Calls about what is kept here, which moto would answer wrongly. */
const UNKNOWN =
  /^(DescribeTags|StartInstances|StopInstances|RebootInstances|ModifyInstance|RequestSpot|ModifyFleet|DescribeSpotInstance|CancelSpot|AttachNetworkInterface|DetachNetworkInterface|RegisterImage|CopyImage|CreateSnapshot|CopySnapshot)/;

/** Who answers a call: one of our functions, moto, or nobody. */
export function answererOf(action: string, parameters: Parameters): Call | 'moto' | 'nobody' {
  if ((action === 'CreateTags' || action === 'DeleteTags') && !areOurs(parameters)) return 'moto';
  return CALLS[action] ?? (UNKNOWN.test(action) ? 'nobody' : 'moto');
}

/** Which bucket a call's token comes from. Source: EC2 API developer guide, "Request throttling". */
export function bucketOf(action: string, parameters: Parameters): Bucket {
  if (action === 'RunInstances') return 'run';
  if (action === 'TerminateInstances') return 'terminate';
  if (action === 'CreateTags') return 'tag';
  if (!/^(Describe|Get|List|Search)/.test(action)) return 'mutate';
  return parameters.Filter !== undefined || parameters.MaxResults !== undefined ? 'describe' : 'describeAll';
}
