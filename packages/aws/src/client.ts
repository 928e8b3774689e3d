import type { EC2 } from '@aws-sdk/client-ec2';
import { explained } from './errors.ts';

/** A call that is refused for having come too often is tried so often in all, each time later, and then given up. */
const ATTEMPTS = 3;
const CONNECT_MS = 5_000;
/** A fleet of a thousand machines is answered once they are all placed; milliseconds. */
const ANSWER_MS = 90_000;

/** One EC2 client a region, made when it is first needed: to load the SDK takes longer than most commands. */
export class Clients {
  readonly #byRegion = new Map<string, Promise<EC2>>();

  /**
   * The region's client. Credentials are the SDK's own business, and looked for by the first call. Its calls throw what
   * their errors mean: {@link explained}.
   */
  of(region: string): Promise<EC2> {
    const client = this.#byRegion.get(region) ?? connected(region);
    this.#byRegion.set(region, client);
    return client;
  }
}

async function connected(region: string): Promise<EC2> {
  const { EC2 } = await import('@aws-sdk/client-ec2');
  const client = new EC2({
    region,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
  });
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw explained(error, `ec2:${commandName.replace(/Command$/, '')}`, region);
        }
      },
    // Outside of all the SDK does, its retries too.
    { step: 'initialize', priority: 'high' },
  );
  return client;
}
