import { providerContract, TRIVIAL_BOOT } from '@daskup/core/provision/contract';
import { REGIONS } from '@daskup/core/spec/regions';
import { type Ec2, startEc2 } from '@daskup/emulators/ec2/start';
import { afterAll, beforeAll } from 'vitest';
import { Account } from './testing/account.ts';

/** Regions so new that the stand-in sells nothing there. */
const EMPTY: readonly string[] = ['ap-east-2', 'ap-southeast-6', 'ap-southeast-7', 'me-west-1', 'sa-west-1'];

// Each test has a region to itself: nothing of one is in another.
const regions = REGIONS.aws.filter((region) => !EMPTY.includes(region));
let ec2: Ec2;
beforeAll(async () => {
  ec2 = await startEc2();
});
afterAll(() => ec2?.close());

providerContract('aws', async () => {
  const region = regions.shift();
  if (region === undefined) throw new Error('there are more tests than regions');
  const account = new Account(ec2, region);
  return {
    provider: account.provider(TRIVIAL_BOOT),
    restarted: () => account.provider(TRIVIAL_BOOT),
    launchAndDie: (batch, when) => account.launchAndDie(batch, TRIVIAL_BOOT, when),
    close: () => account.leave(),
  };
});
