import * as z from 'zod/mini';
import { instancesNamed, stateSet } from './describe-instances.ts';
import { read } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import { throttleRefusal } from './rules.ts';
import type { Answer } from './xml.ts';

/** TerminateInstances: all or, with one bad id, none. Again it does no harm. */
export function terminateInstances(region: Region, parameters: Parameters): Answer {
  const { InstanceId: ids } = read(z.object({ InstanceId: z.array(z.string()) }), parameters);
  // Source: EC2 API reference, TerminateInstances, InstanceIds: up to 1000, 50 are recommended.
  if (ids.length > 1_000) throw new Refusal('InvalidParameterValue', 'Up to 1000 instance IDs');
  const instances = [...new Set(instancesNamed(region, ids, region.now))];
  const going = instances.filter(({ state }) => state !== 'terminated' && state !== 'shutting-down');
  if (!region.buckets.takeAll('terminateMachines', going.length)) throw throttleRefusal();
  return {
    instancesSet: instances.map((instance) => {
      const previousState = stateSet(instance.state);
      if (going.includes(instance)) region.world.end(region, instance, 'user');
      return { instanceId: instance.id, currentState: stateSet(instance.state), previousState };
    }),
  };
}
