import * as z from 'zod/mini';
import type { Instance, Market } from './instance.ts';
import { type Lot, launch, type Mould, mouldOf, roomFor } from './launch.ts';
import { TemplateSpecification, templateData } from './launch-template.ts';
import {
  checkKinds,
  Filters,
  Flag,
  Num,
  Paged,
  page,
  read,
  TagSpecifications,
  Texts,
  tagSet,
  tagsFor,
} from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import { newId, type Region } from './region.ts';
import { microsNow, throttleRefusal } from './rules.ts';
import type { Answer } from './xml.ts';

const Override = z.object({
  InstanceType: z.optional(z.string()),
  SubnetId: z.optional(z.string()),
  AvailabilityZone: z.optional(z.string()),
  ImageId: z.optional(z.string()),
  MaxPrice: z.optional(Num),
  Priority: z.optional(Num),
});
type Override = z.infer<typeof Override>;

const MarketOptions = z.optional(
  z.object({
    AllocationStrategy: z.optional(z.string()),
    MinTargetCapacity: z.optional(Num),
    SingleInstanceType: z.optional(Flag),
    SingleAvailabilityZone: z.optional(Flag),
    MaxTotalPrice: z.optional(Num),
  }),
);

const Asked = z.object({
  Type: z._default(z.string(), 'maintain'),
  ClientToken: z._default(z.string(), ''),
  LaunchTemplateConfigs: z.array(
    z.object({ LaunchTemplateSpecification: TemplateSpecification, Overrides: z._default(z.array(Override), [{}]) }),
  ),
  TargetCapacitySpecification: z.object({
    TotalTargetCapacity: Num,
    DefaultTargetCapacityType: z._default(z.enum(['spot', 'on-demand']), 'on-demand'),
    OnDemandTargetCapacity: z.optional(Num),
    SpotTargetCapacity: z.optional(Num),
  }),
  SpotOptions: MarketOptions,
  OnDemandOptions: MarketOptions,
  TagSpecification: TagSpecifications,
});
type Asked = z.infer<typeof Asked>;

/** One override, with what its template says. */
interface Choice {
  readonly override: Override;
  readonly template: { readonly id: string; readonly version: number };
  readonly mould: Mould;
  readonly micros: number;
}

interface Got extends Lot {
  readonly choice: Choice;
}

interface Miss {
  readonly choice: Pick<Choice, 'override' | 'template'>;
  readonly code: string;
  readonly message: string;
}

/** Source: EC2 user guide, "Allocation strategies for EC2 Fleet"; which override first. */
function inOrder(choices: readonly Choice[], strategy: string, market: Market): readonly Choice[] {
  const byPriority = (a: Choice, b: Choice) =>
    (a.override.Priority ?? Number.POSITIVE_INFINITY) - (b.override.Priority ?? Number.POSITIVE_INFINITY) || 0;
  const byPrice = (a: Choice, b: Choice) => a.micros - b.micros;
  if (strategy === 'prioritized' || strategy === 'capacity-optimized-prioritized') return choices.toSorted(byPriority);
  return market === 'spot' && strategy === 'capacity-optimized' ? choices : choices.toSorted(byPrice);
}

/** CreateFleet of type `instant`: one answer that says what was launched, and why no more, an entry an override. */
export async function createFleet(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(Asked, parameters);
  // daskup launches in no other way, and the others go on by themselves.
  if (asked.Type !== 'instant')
    throw new Refusal('UnsupportedOperation', `This emulator makes fleets of type instant only, not ${asked.Type}`);
  // Source: EC2 API reference, CreateFleet, TagSpecification: of type instant, the fleet and its instances. Others are for its template.
  checkKinds(asked.TagSpecification, 'fleet', 'instance');
  const overrides = asked.LaunchTemplateConfigs.reduce((sum, { Overrides }) => sum + Overrides.length, 0);
  // Source: EC2 user guide, "EC2 Fleet quotas": 300 launch specifications (overrides) a fleet.
  if (overrides > 300)
    throw new Refusal('InvalidParameterValue', `A fleet has at most 300 overrides, this one ${overrides}`);
  const id = newId('fleet');
  const got: Instance[] = [];
  const shown: Answer[] = [];
  const misses: { readonly market: Market; readonly miss: Miss }[] = [];
  for (const { market, target, options } of shares(asked)) {
    const { choices, unfit } = await choicesOf(region, asked, market);
    const filled = fill(region, choices, target, market, options);
    misses.push(...[...unfit, ...filled.misses].map((miss) => ({ market, miss })));
    for (const { choice, count } of filled.got) {
      const instances = launch(region, choice.mould, count, {
        tagSpecifications: [...choice.mould.data.TagSpecification, ...asked.TagSpecification],
        ownTags: new Map([
          ['aws:ec2:fleet-id', id],
          ['aws:ec2launchtemplate:id', choice.template.id],
          ['aws:ec2launchtemplate:version', String(choice.template.version)],
        ]),
        clientToken: asked.ClientToken,
        fleetId: id,
      });
      got.push(...instances);
      shown.push({
        launchTemplateAndOverrides: shownChoice(choice),
        lifecycle: market,
        instanceIds: instances.map((instance) => instance.id),
        instanceType: choice.mould.type.InstanceType,
      });
    }
  }
  const answer = {
    fleetId: id,
    errorSet: misses.map(({ market, miss }) => ({
      launchTemplateAndOverrides: shownChoice(miss.choice),
      lifecycle: market,
      errorCode: miss.code,
      errorMessage: miss.message,
    })),
    fleetInstanceSet: shown,
  };
  region.fleets.set(id, {
    id,
    madeAt: region.now,
    tags: new Map(tagsFor('fleet', asked.TagSpecification)),
    target: asked.TargetCapacitySpecification.TotalTargetCapacity,
    market: asked.TargetCapacitySpecification.DefaultTargetCapacityType,
    token: asked.ClientToken,
    instances: got.map((instance) => instance.id),
    answer,
    state: 'active',
  });
  return answer;
}

/** How many of each market. */
function shares({ TargetCapacitySpecification: target, SpotOptions, OnDemandOptions }: Asked) {
  const { TotalTargetCapacity: total, DefaultTargetCapacityType: rest } = target;
  const named = (target.OnDemandTargetCapacity ?? 0) + (target.SpotTargetCapacity ?? 0);
  // Source: EC2 user guide, "EC2 Fleet quotas": a target of at most 10,000 a fleet.
  if (!Number.isInteger(total) || total < 1 || total > 10_000 || named > total)
    throw new Refusal('InvalidTargetCapacitySpecification', `Invalid target capacity ${total}`);
  return (
    [
      { market: 'on-demand', target: target.OnDemandTargetCapacity ?? 0, options: OnDemandOptions },
      { market: 'spot', target: target.SpotTargetCapacity ?? 0, options: SpotOptions },
    ] as const
  )
    .map((share) => (share.market === rest ? { ...share, target: share.target + total - named } : share))
    .filter((share) => share.target > 0);
}

/** What can be chosen from, and what cannot, with the reason. */
async function choicesOf(region: Region, asked: Asked, market: Market) {
  const choices: Choice[] = [];
  const unfit: Miss[] = [];
  for (const { LaunchTemplateSpecification, Overrides } of asked.LaunchTemplateConfigs) {
    const { template, version, data } = templateData(region, LaunchTemplateSpecification);
    // Source: EC2 user guide, "EC2 Fleet request": a template for a fleet says nothing of the market.
    if (data.InstanceMarketOptions?.MarketType !== undefined)
      throw new Refusal(
        'InvalidParameterCombination',
        'InstanceMarketOptions may not be in the launch template of a fleet',
      );
    for (const override of Overrides) {
      const chosen = { override, template: { id: template.id, version } };
      try {
        const mould = await mouldOf(region, data, {
          market,
          type: override.InstanceType,
          imageId: override.ImageId,
          subnetId: override.SubnetId,
          zone: override.AvailabilityZone,
        });
        const micros = microsNow(region, mould.type.InstanceType, mould.subnet.zone, market);
        if (market === 'spot' && override.MaxPrice !== undefined && override.MaxPrice * 1e6 < micros)
          throw new Refusal(
            'SpotMaxPriceTooLow',
            `Your Spot request price of ${override.MaxPrice} is lower than the minimum required Spot request fulfillment price of ${micros / 1e6}.`,
          );
        choices.push({ ...chosen, mould, micros });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const code = error.code === 'Unsupported' ? 'InvalidFleetConfiguration' : error.code;
        unfit.push({ choice: chosen, code, message: error.message });
      }
    }
  }
  return { choices, unfit };
}

function fill(
  region: Region,
  choices: readonly Choice[],
  target: number,
  market: Market,
  options: Asked['SpotOptions'],
): { readonly got: readonly Got[]; readonly misses: readonly Miss[] } {
  const strategy = options?.AllocationStrategy ?? 'lowest-price';
  const got: Got[] = [];
  const misses: Miss[] = [];
  const missed = (choice: Choice, refusal: Refusal) =>
    misses.push({ choice, code: refusal.code, message: refusal.message });
  const throttled = Math.min(target, region.world.faults.fleetThrottled);
  const least = options?.MinTargetCapacity ?? 0;
  // Source: EC2 API reference, SpotOptionsRequest, MinTargetCapacity: one of the two must be specified with it.
  if (least > 0 && !options?.SingleAvailabilityZone && !options?.SingleInstanceType)
    throw new Refusal(
      'InvalidParameterCombination',
      'MinTargetCapacity needs SingleInstanceType or SingleAvailabilityZone',
    );
  let wanted = target - throttled;
  let ordered = inOrder(choices, strategy, market);
  // A pool that has room for all comes before a cheaper one that has not: what `capacity` in the names means.
  if (strategy.includes('capacity-optimized'))
    ordered = ordered.toSorted((a, b) => Number(isFull(region, a, wanted)) - Number(isFull(region, b, wanted)));
  if (options?.SingleAvailabilityZone) ordered = bestOf(region, ordered, wanted, ({ mould }) => mould.subnet.zone);
  if (options?.SingleInstanceType) ordered = bestOf(region, ordered, wanted, ({ mould }) => mould.type.InstanceType);
  for (const [i, choice] of ordered.entries()) {
    if (wanted === 0) break;
    const share = strategy === 'diversified' ? Math.ceil(wanted / (ordered.length - i)) : wanted;
    const { mould } = choice;
    const room = roomFor(region, mould, share, got);
    const count = region.buckets.take('runMachines', room.count);
    if (count > 0) got.push({ choice, mould, count });
    if (count < room.count) missed(choice, throttleRefusal());
    else if (room.why) missed(choice, room.why);
    wanted -= count;
  }
  const [last] = ordered;
  if (throttled > 0 && last) missed(last, throttleRefusal());
  const reached = got.reduce((sum, { count }) => sum + count, 0);
  // If it is not reached, the fleet launches no instances.
  return reached < least ? { got: [], misses } : { got, misses };
}

function isFull(region: Region, { mould }: Choice, wanted: number): boolean {
  return roomFor(region, mould, wanted).count < wanted;
}

/** Those of the one zone, or type, that can give most; the first of equals. */
function bestOf(region: Region, choices: readonly Choice[], wanted: number, key: (choice: Choice) => string) {
  const groups = Map.groupBy(choices, key);
  let best: readonly Choice[] = [];
  let most = -1;
  for (const group of groups.values()) {
    const room = Math.min(
      wanted,
      group.reduce((sum, { mould }) => sum + roomFor(region, mould, wanted).count, 0),
    );
    if (room > most) [best, most] = [group, room];
  }
  return best;
}

function shownChoice({ override, template }: Pick<Choice, 'override' | 'template'>): Answer {
  return {
    launchTemplateSpecification: { launchTemplateId: template.id, version: String(template.version) },
    overrides: {
      instanceType: override.InstanceType,
      maxPrice: override.MaxPrice?.toString(),
      subnetId: override.SubnetId,
      availabilityZone: override.AvailabilityZone,
      priority: override.Priority,
      imageId: override.ImageId,
    },
  };
}

export function describeFleets(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Paged, { FleetId: Texts, Filter: Filters }), parameters);
  // Source: EC2 API reference, DescribeFleets: an instant fleet is shown only when it is named.
  const wanted = asked.FleetId.map((id) => fleetNamed(region, id));
  const { items, nextToken } = page(wanted, asked);
  return {
    fleetSet: items.map(({ id, madeAt, tags, target, market, token, answer, state }) => ({
      fleetId: id,
      fleetState: state,
      activityStatus: 'fulfilled',
      createTime: new Date(madeAt),
      clientToken: token,
      type: 'instant',
      targetCapacitySpecification: { totalTargetCapacity: target, defaultTargetCapacityType: market },
      tagSet: tagSet(tags),
      errorSet: answer.errorSet,
      fleetInstanceSet: answer.fleetInstanceSet,
    })),
    nextToken,
  };
}

export function deleteFleets(region: Region, parameters: Parameters): Answer {
  const asked = read(z.object({ FleetId: z.array(z.string()), TerminateInstances: Flag }), parameters);
  // Source: EC2 user guide, "Delete an EC2 Fleet": up to 25 instant fleets a request, and only with their instances.
  if (asked.FleetId.length > 25) throw new Refusal('InvalidParameterValue', 'Up to 25 instant fleets in one request');
  const done: Answer[] = [];
  const failed: Answer[] = [];
  for (const id of asked.FleetId) {
    const fleet = region.fleets.get(id);
    if (!fleet)
      failed.push({
        fleetId: id,
        error: { code: 'fleetIdDoesNotExist', message: `The fleet ID '${id}' does not exist` },
      });
    else if (!asked.TerminateInstances)
      failed.push({
        fleetId: id,
        error: { code: 'unexpectedError', message: 'NoTerminateInstances is not supported for instant fleets' },
      });
    else {
      const previousFleetState = fleet.state;
      fleet.state = 'deleted_terminating';
      for (const instance of fleet.instances.flatMap((one) => region.instances.get(one) ?? []))
        if (instance.isUp) region.world.end(region, instance, 'user');
      done.push({ fleetId: id, currentFleetState: fleet.state, previousFleetState });
    }
  }
  return { successfulFleetDeletionSet: done, unsuccessfulFleetDeletionSet: failed };
}

function fleetNamed(region: Region, id: string) {
  const fleet = region.fleets.get(id);
  if (!fleet) throw new Refusal('InvalidFleetId.NotFound', `The fleet ID '${id}' does not exist`);
  return fleet;
}
