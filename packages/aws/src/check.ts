import type { EC2 } from '@aws-sdk/client-ec2';
import { type Finding, ProviderError } from '@daskup/core/provision/provider';
import { codeOf } from './errors.ts';
import { UBUNTU } from './images.ts';
import { type Own, ownOfMachine } from './own.ts';
import { INSTALLATION, tagged } from './tags.ts';

/**
 * Whether machines may be made, in this subnet and with what is the account's own. EC2 is asked with DryRun, which changes
 * nothing.
 * @throws what may pass by itself.
 */
export async function checkPermissions(
  ec2: EC2,
  region: string,
  SubnetId: string | undefined,
  own: Own,
): Promise<readonly Finding[]> {
  try {
    await ec2.runInstances({
      DryRun: true,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      ImageId: UBUNTU.idFor('x86_64'),
      SubnetId,
      ...ownOfMachine(own),
      // The least policy allows none without it.
      TagSpecifications: tagged([{ Key: INSTALLATION, Value: 'check' }], 'instance', 'volume'),
    });
  } catch (error) {
    // So EC2 says that it would have done it.
    if (codeOf(error) !== 'DryRunOperation') return [problem(error)];
  }
  return [{ ok: true, message: `permission ec2:RunInstances in ${region}: in order` }];
}

/** @throws what may pass by itself. */
export function problem(error: unknown): Finding {
  if (error instanceof ProviderError) return { ok: false, message: error.message };
  throw error;
}
