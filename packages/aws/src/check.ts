import type { EC2 } from '@aws-sdk/client-ec2';
import { type Finding, ProviderError } from '@daskup/core/provision/provider';
import type { Architecture } from '@daskup/core/spec/spec';
import { failureOf, meaningOf } from './errors.ts';
import { UBUNTU } from './images/images.ts';
import { type Own, ownOfMachine } from './own.ts';
import { INSTALLATION, tagged } from './tags.ts';

/** The least policy allows to make nothing without daskup's tag. */
export const CHECK_TAGS = [{ Key: INSTALLATION, Value: 'check' }];

/** Small, and sold in every region. */
const TYPES: Readonly<Record<Architecture, 't3.micro' | 't4g.micro'>> = { x86_64: 't3.micro', arm64: 't4g.micro' };

/**
 * Whether machines may be made, in this subnet and with what is the account's own. EC2 is asked with DryRun, which changes
 * nothing.
 * @throws what may pass by itself.
 */
export async function checkPermissions(
  ec2: EC2,
  region: string,
  subnetId: string | undefined,
  own: Own,
): Promise<readonly Finding[]> {
  const refused = await launchDry(ec2, 'x86_64', subnetId, own);
  if (refused) return [problem(refused)];
  return [{ ok: true, message: `permission ec2:RunInstances in ${region}: in order` }];
}

/** Why EC2 would not launch a machine of this architecture with its image; null when it would. */
export async function launchDry(
  ec2: EC2,
  architecture: Architecture,
  SubnetId: string | undefined,
  own: Own,
): Promise<unknown> {
  try {
    await ec2.runInstances({
      DryRun: true,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: TYPES[architecture],
      ImageId: UBUNTU.idFor(architecture),
      SubnetId,
      ...ownOfMachine(own),
      TagSpecifications: tagged(CHECK_TAGS, 'instance', 'volume'),
    });
  } catch (error) {
    const failure = failureOf(error);
    // So EC2 says that it would have done it. An old zone may not sell the type, which is none of a cluster's.
    return failure.code === 'DryRunOperation' || meaningOf(failure)?.kind === 'capacity' ? null : error;
  }
  return null;
}

/** @throws what may pass by itself. */
export function problem(error: unknown): Finding {
  if (error instanceof ProviderError) return { ok: false, message: error.message };
  throw error;
}
