/**
 * What an account has of its own for daskup's machines. Daskup makes, changes and deletes none of it. Ids may be of several
 * regions: in each its own are looked for, and the others do no harm.
 */
export interface Own {
  /** Where machines may be; without any of both, in the default VPC. */
  readonly vpcs: readonly string[];
  readonly subnets: readonly string[];
  /** Groups that all machines are in besides daskup's. */
  readonly securityGroups: readonly string[];
  /** What machines may do in AWS, by name or ARN; null for nothing. */
  readonly instanceProfile: string | null;
  /** The key pair whose holder may log in to machines by SSH, by its name in each region; null for nobody. */
  readonly keyName: string | null;
}

export const NOTHING_OWN: Own = { vpcs: [], subnets: [], securityGroups: [], instanceProfile: null, keyName: null };

export function hasOwnNetwork({ vpcs, subnets }: Own): boolean {
  return vpcs.length + subnets.length > 0;
}

/** What a launch says of them. */
export function ownOfMachine({ instanceProfile, keyName }: Own) {
  const by = instanceProfile?.startsWith('arn:') ? 'Arn' : 'Name';
  return {
    ...(instanceProfile === null ? {} : { IamInstanceProfile: { [by]: instanceProfile } }),
    ...(keyName === null ? {} : { KeyName: keyName }),
  };
}
