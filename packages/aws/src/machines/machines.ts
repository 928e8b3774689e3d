import type { EC2, Instance } from '@aws-sdk/client-ec2';
import type { Offer } from '@daskup/core/plan/offer';
import type { Machine, MachineState } from '@daskup/core/provision/provider';
import type { Market } from '@daskup/core/spec/spec';
import { filter } from '../network/network.ts';
import { collected } from '../pages.ts';
import { INSTALLATION, machineTagsOf, offersOf } from '../tags.ts';

/** The most that EC2 gives at once. */
const PAGE = 1000;
/** A spot machine that EC2 takes back in its first hour costs nothing. Source: EC2 user guide, "Billing for interrupted Spot Instances". */
const FREE_WHEN_RECLAIMED_MS = 3_600_000;

const STATES: Readonly<Record<string, MachineState>> = {
  pending: 'pending',
  running: 'running',
  'shutting-down': 'stopping',
  stopping: 'stopping',
  stopped: 'stopping',
  terminated: 'terminated',
};

const RECLAIMED = 'Server.SpotInstanceTermination';
/** Why an instance ended, by the code of its state's reason. Source: EC2 API reference, StateReason. */
const REASONS: Readonly<Record<string, string>> = {
  [RECLAIMED]: 'spot reclaim',
  'Server.SpotInstanceShutdown': 'spot reclaim',
  'Client.UserInitiatedShutdown': 'terminated',
  // Why, it has printed.
  'Client.InstanceInitiatedShutdown': '',
  'Server.InsufficientInstanceCapacity': 'EC2 had no room for it after all',
  'Client.VolumeLimitExceeded': 'the account may have no more EBS volumes',
  'Client.InternalError': 'EC2 could not start it: most often a key of its encrypted disk may not be used',
  'Server.InternalError': 'EC2 had an internal error',
};
/** Ends of instances that never ran, and are not billed. */
const NEVER_RAN = ['Server.InsufficientInstanceCapacity', 'Client.VolumeLimitExceeded', 'Client.InternalError'];

/** All machines of an installation in a region, or of all there are. */
export async function listMachines(
  ec2: EC2,
  region: string,
  installation: string | undefined,
  now: number,
): Promise<readonly Machine[]> {
  const Filters = [
    installation === undefined ? filter('tag-key', INSTALLATION) : filter(`tag:${INSTALLATION}`, installation),
  ];
  const reservations = await collected(
    (NextToken) => ec2.describeInstances({ Filters, MaxResults: PAGE, NextToken }),
    ({ Reservations }) => Reservations,
  );
  return reservations.flatMap(({ Instances = [] }) =>
    Instances.flatMap((instance) => machineOf(instance, region, now)),
  );
}

/** The machine that an instance is; none when it is not ours. Pure. */
export function machineOf(instance: Instance, region: string, now: number): Machine[] {
  const { InstanceId: id = '', Tags = [], State, StateReason, LaunchTime } = instance;
  const tags = machineTagsOf(Tags);
  if (!tags) return [];
  const state = STATES[State?.Name ?? ''] ?? 'pending';
  const code = StateReason?.Code ?? '';
  const launchedAt = LaunchTime?.getTime() ?? now;
  const reclaimed = REASONS[code] === REASONS[RECLAIMED];
  const endedAt = state === 'terminated' ? (endOf(instance) ?? now) : null;
  const free =
    (endedAt !== null && reclaimed && endedAt - launchedAt < FREE_WHEN_RECLAIMED_MS) || NEVER_RAN.includes(code);
  return [
    {
      id,
      tags,
      state,
      offer: offerOf(instance, region),
      address: instance.PrivateIpAddress ?? '',
      launchedAt,
      // EC2 tells no other time of its beginning; what it bills begins seconds later.
      runningAt: state === 'pending' || free ? null : launchedAt,
      endedAt,
      endReason: state === 'terminated' ? (REASONS[code] ?? StateReason?.Message ?? 'terminated') : '',
      reclaimed,
    },
  ];
}

/** When it began to end, as EC2 writes it: `User initiated (2026-11-24 12:30:00 GMT)`. Null where it does not say. */
function endOf({ StateTransitionReason = '' }: Instance): number | null {
  const time = /\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) GMT\)/.exec(StateTransitionReason);
  return time ? Date.parse(`${time[1]}T${time[2]}Z`) : null;
}

/** What it was launched as, from its own tags. */
function offerOf(instance: Instance, region: string): Offer {
  const type = instance.InstanceType ?? '';
  const zone = instance.Placement?.AvailabilityZone ?? '';
  const market: Market = instance.InstanceLifecycle === 'spot' ? 'spot' : 'on-demand';
  const carried = offersOf(instance.Tags ?? []).find(
    (offer) => offer.type === type && offer.zone === zone && offer.market === market,
  );
  // Somebody took its tags away: it can be ended all the same, and what it costs is not known.
  return (
    carried ?? {
      provider: 'aws',
      region,
      zone,
      type,
      market,
      architecture: instance.Architecture === 'arm64' ? 'arm64' : 'x86_64',
      vcpus: (instance.CpuOptions?.CoreCount ?? 1) * (instance.CpuOptions?.ThreadsPerCore ?? 1),
      memoryGiB: 0,
      gpus: 0,
      gpuKind: null,
      ssdGiB: 0,
      byNameOnly: null,
      microsPerHour: 0,
      minimumSeconds: 60,
    }
  );
}
