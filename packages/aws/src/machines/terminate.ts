import type { EC2 } from '@aws-sdk/client-ec2';
import { codeOf } from '../errors.ts';

/** A call ends no more than this: its bucket is 1,000, and a smaller call fails for fewer. */
const BATCH = 500;

/** Whether EC2 could know a machine by this id: of another text it refuses the whole call. */
export function isId(text: string): boolean {
  return /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(text);
}

/** Ends these machines of a region. Ids that EC2 does not know keep nobody else from their end. */
export async function terminateMachines(ec2: EC2, ids: readonly string[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
  await Promise.all(batches.map((batch) => terminateKnown(ec2, batch)));
}

/** One unknown id makes EC2 refuse a whole call; it names those that it found. */
async function terminateKnown(ec2: EC2, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  try {
    await ec2.terminateInstances({ InstanceIds: [...ids] });
  } catch (error) {
    if (codeOf(error) !== 'InvalidInstanceID.NotFound') throw error;
    const named = new Set(error instanceof Error ? error.message.match(/i-[0-9a-f]+/g) : []);
    const known = ids.filter((id) => !named.has(id));
    // Not even named: each on its own tells.
    if (known.length === ids.length && ids.length > 1) await Promise.all(ids.map((id) => terminateKnown(ec2, [id])));
    else if (known.length < ids.length) await terminateKnown(ec2, known);
  }
}
