import type { EC2 } from '@aws-sdk/client-ec2';
import type { Finding } from '@daskup/core/provision/provider';
import { checkPermissions, problem } from './check.ts';
import { explained } from './errors.ts';
import type { Networks } from './network/networks.ts';
import type { Own } from './own.ts';

/** What was in order in a region is not looked at again for so long; milliseconds. */
const CHECKED_MS = 5 * 60_000;

export interface ChecksOptions {
  readonly networks: Networks;
  readonly client: (region: string) => Promise<EC2>;
  readonly own: Own;
  readonly now: () => number;
}

/** Whether machines may be made in a region: looked at before a cluster is, and then for a while known. */
export class Checks {
  readonly #options: ChecksOptions;
  /** When all was in order in a region. */
  readonly #inOrderAt = new Map<string, number>();

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  /** @throws what may pass by itself. */
  async of(region: string): Promise<readonly Finding[]> {
    const now = this.#options.now();
    const inOrder = { ok: true, message: `AWS in ${region}: in order` };
    if (now - (this.#inOrderAt.get(region) ?? Number.NEGATIVE_INFINITY) < CHECKED_MS) return [inOrder];
    try {
      const findings = [inOrder, ...(await this.#look(region))];
      if (findings.every(({ ok }) => ok)) this.#inOrderAt.set(region, now);
      return findings;
    } catch (error) {
      return [problem(error)];
    }
  }

  /** Where this home has had machines before, with these settings, only the credentials are looked for, without a call. */
  async #look(region: string): Promise<readonly Finding[]> {
    const { networks, client, own } = this.#options;
    const ec2 = await client(region);
    if (!(await networks.isKnown(region))) {
      const vpc = await networks.vpc(region);
      return checkPermissions(ec2, region, vpc.subnets[0]?.id, own);
    }
    await ec2.config.credentials().catch((error: unknown) => {
      throw explained(error, 'sts:GetCallerIdentity', region);
    });
    return [];
  }
}
