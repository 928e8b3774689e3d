import type { EC2 } from '@aws-sdk/client-ec2';
import { type Finding, ProviderError } from '@daskup/core/provision/provider';
import { codeOf } from './errors.ts';
import { imageOf } from './images.ts';

/**
 * Whether the calls that make machines are allowed. EC2 is asked with DryRun, which changes nothing.
 * @throws what may pass by itself.
 */
export async function checkPermissions(ec2: EC2, region: string): Promise<readonly Finding[]> {
  const LaunchTemplateData = { ImageId: imageOf('x86_64') };
  return Promise.all([
    allowed(
      'ec2:RunInstances',
      region,
      ec2.runInstances({
        DryRun: true,
        MinCount: 1,
        MaxCount: 1,
        InstanceType: 't3.micro',
        ImageId: imageOf('x86_64'),
      }),
    ),
    allowed(
      'ec2:CreateLaunchTemplate',
      region,
      ec2.createLaunchTemplate({ DryRun: true, LaunchTemplateName: 'daskup-check', LaunchTemplateData }),
    ),
  ]);
}

async function allowed(action: string, region: string, dryRun: Promise<unknown>): Promise<Finding> {
  const ok = { ok: true, message: `permission ${action} in ${region}: in order` };
  try {
    await dryRun;
    return ok;
  } catch (error) {
    // So EC2 says that it would have done it.
    return codeOf(error) === 'DryRunOperation' ? ok : problem(error);
  }
}

/** @throws what may pass by itself. */
export function problem(error: unknown): Finding {
  if (error instanceof ProviderError) return { ok: false, message: error.message };
  throw error;
}
