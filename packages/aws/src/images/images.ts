import { join } from 'node:path';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { Architecture } from '@daskup/core/spec/spec';
import * as z from 'zod/mini';
import { codeOf } from '../errors.ts';
import { readKept, writeKept } from '../kept-file.ts';

/** What a launch must know of what its machines boot. */
export interface BootImage {
  /** As every call that launches takes it. */
  readonly idFor: (architecture: Architecture) => string;
  /** The device that its disk is. */
  readonly rootDevice: string;
  /** How large that is: no machine's can be smaller. */
  readonly diskGiB: number;
}

/**
 * What machines boot when nobody said: Ubuntu 24.04, whose Python is 3.12. EC2 itself looks the newest one up as it
 * launches, from what Canonical publishes in every region. Source: Ubuntu on AWS, "Find Ubuntu images on AWS".
 */
const PARAMETER = '/aws/service/canonical/ubuntu/server/24.04/stable/current/';
const NAMES: Readonly<Record<Architecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };
export const UBUNTU: BootImage = {
  idFor: (architecture) => `resolve:ssm:${PARAMETER}${NAMES[architecture]}/hvm/ebs-gp3/ami-id`,
  rootDevice: '/dev/sda1',
  diskGiB: 8,
};

/** What an image is: it never changes. */
const Facts = z.readonly(
  z.object({ architecture: z.enum(['x86_64', 'arm64']), rootDevice: z.string(), diskGiB: z.number() }),
);
export type Facts = z.infer<typeof Facts>;

/** The images that were named, as EC2 describes them: each asked for once, and then kept in a file of a folder. */
export class Images {
  readonly #folder: string;
  readonly #known = new Map<string, Facts>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The image, or why machines cannot boot it, in words that say what to do. */
  async find(id: string, region: string, client: () => Promise<EC2>): Promise<Facts | string> {
    const known = this.#known.get(id) ?? (await readKept(this.#file(id), Facts));
    const facts = known ?? (await described(await client(), id, region));
    if (typeof facts === 'string') return facts;
    if (!known) await writeKept(this.#file(id), facts);
    this.#known.set(id, facts);
    return facts;
  }

  /** An id is of one region alone. */
  #file(id: string): string {
    return join(this.#folder, `${encodeURIComponent(id)}.json`);
  }
}

/** What a launch with this image must know. */
export function bootImageOf(id: string, { rootDevice, diskGiB }: Facts): BootImage {
  return { idFor: () => id, rootDevice, diskGiB };
}

async function described(ec2: EC2, id: string, region: string): Promise<Facts | string> {
  const where = `AWS, ${region}: `;
  const none = `${where}there is no image ${id}, or these credentials may not see it. An image is of one region: name its own, or copy it here`;
  const images = await ec2.describeImages({ ImageIds: [id] }).catch((error: unknown) => {
    if (/^InvalidAMIID\./.test(codeOf(error))) return { Images: [] };
    throw error;
  });
  const [image] = images.Images ?? [];
  if (!image) return none;
  const { State, Platform, Architecture: architecture, RootDeviceName = '', BlockDeviceMappings = [] } = image;
  if (State !== 'available') {
    return `${where}${id} is ${State}, and only what is available can be booted. ${State === 'pending' ? 'Wait for it' : 'Name another'}`;
  }
  if (Platform) return `${where}${id} is Windows, and Dask's machines are Linux. Name another`;
  if (architecture !== 'x86_64' && architecture !== 'arm64') {
    return `${where}${id} is for ${architecture}, and machines are x86_64 or arm64. Name another`;
  }
  const [outliving] = BlockDeviceMappings.filter(
    ({ DeviceName, Ebs }) => DeviceName !== RootDeviceName && Ebs?.DeleteOnTermination === false,
  );
  if (outliving) {
    return `${where}the disk ${outliving.DeviceName} of ${id} would outlive its machines, and be paid for ever. Make the image anew from a machine whose disks are deleted with it (DeleteOnTermination)`;
  }
  const disk = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName);
  return { architecture, rootDevice: RootDeviceName, diskGiB: disk?.Ebs?.VolumeSize ?? 0 };
}
