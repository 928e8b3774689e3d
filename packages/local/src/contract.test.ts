import { providerContract, TRIVIAL_BOOT } from '@daskup/core/provision/contract';
import { Home } from './testing/home.ts';

providerContract('local', async () => {
  const home = new Home();
  return {
    provider: home.provider(TRIVIAL_BOOT),
    restarted: () => home.provider(TRIVIAL_BOOT),
    launchAndDie: (batch, when) => home.callAndDie('launch', batch, TRIVIAL_BOOT, when),
    close: () => home.close(),
  };
});
