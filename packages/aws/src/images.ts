import type { Architecture } from '@daskup/core/spec/spec';

/**
 * What machines boot: Ubuntu 24.04, whose Python is 3.12. EC2 itself looks the newest one up as it launches, from what
 * Canonical publishes in every region. Source: Ubuntu on AWS, "Find Ubuntu images on AWS".
 */
const PARAMETER = '/aws/service/canonical/ubuntu/server/24.04/stable/current/';
const NAMES: Readonly<Record<Architecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };

/** The device that the image's disk is, and how large it is: no machine's can be smaller. */
export const ROOT_DEVICE = '/dev/sda1';
export const IMAGE_GIB = 8;

/** The image of an architecture, as every call that launches takes it. */
export function imageOf(architecture: Architecture): string {
  return `resolve:ssm:${PARAMETER}${NAMES[architecture]}/hvm/ebs-gp3/ami-id`;
}
