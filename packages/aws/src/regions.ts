import type { Clients } from './client.ts';

/** Every account has it, and may ask there which others it has. Source: AWS Account Management, "Enable or disable AWS Regions". */
export const USUAL = 'us-east-1';
/** A region that has not answered by then is told of, and keeps the others waiting no longer; milliseconds. */
export const PATIENCE_MS = 30_000;

/** The regions that are open to the account. */
export async function enabledRegions(clients: Clients): Promise<readonly string[]> {
  const ec2 = await clients.ec2(USUAL);
  const { Regions = [] } = await ec2.describeRegions();
  return Regions.flatMap(({ RegionName }) => RegionName ?? []);
}
