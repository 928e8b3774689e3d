import { privateAddress, publicAddress } from '@daskup/aws/network/own-address';
import type { Result } from '@daskup/core/answer';
import { settingsFrom } from '@daskup/server/settings';

/**
 * The address by which this computer reaches a cluster, where the cluster does not let it in; null where it does, with its
 * server or because it keeps nobody out.
 * @throws {Error} when that cannot be learnt now.
 */
export async function notLetIn(
  { cluster, letIn }: Extract<Result, { verb: 'connect' }>,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  if (!letIn) return null;
  const { awsCheckip } = settingsFrom({ DASKUP_AWS_CHECKIP: env.DASKUP_AWS_CHECKIP });
  const own = letIn.isPublic
    ? await publicAddress(awsCheckip)
    : await privateAddress(new URL(cluster.scheduler).hostname);
  return own === letIn.address ? null : own;
}
