import * as z from 'zod/mini';
import { instancesNamed } from './describe-instances.ts';
import { Flag, read } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Answer } from './xml.ts';

/** GetConsoleOutput: what was posted a while ago or, with Latest, all that there is now. */
export async function getConsoleOutput(region: Region, parameters: Parameters): Promise<Answer> {
  const asked = read(z.object({ InstanceId: z.string(), Latest: z._default(Flag, false) }), parameters);
  const [instance] = instancesNamed(region, [asked.InstanceId], region.now);
  if (!instance)
    throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${asked.InstanceId}' does not exist`);
  // Source: EC2 API reference, GetConsoleOutput, Latest: for instances that run on the Nitro hypervisor.
  if (asked.Latest && instance.birth.hypervisor !== 'nitro')
    throw new Refusal(
      'UnsupportedOperation',
      'This instance type does not support retrieving the latest console logs.',
    );
  const output = await region.world.console(instance, asked.Latest);
  return { instanceId: instance.id, timestamp: new Date(region.now), output: output.toString('base64') };
}
