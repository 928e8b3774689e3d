import { providerContract, TRIVIAL_BOOT } from '@daskup/core/provision/contract';
import { Account } from './testing/account.ts';

providerContract('aws', async () => {
  const account = await Account.open();
  return {
    provider: account.provider(TRIVIAL_BOOT),
    restarted: () => account.provider(TRIVIAL_BOOT),
    launchAndDie: (batch, when) => account.launchAndDie(batch, TRIVIAL_BOOT, when),
    close: () => account.close(),
  };
});
