import type { EC2 } from '@aws-sdk/client-ec2';
import type { Pricing } from '@aws-sdk/client-pricing';
import { explained } from './errors.ts';

/** A call that is refused for having come too often is tried so often in all, each time later, and then given up. */
const ATTEMPTS = 3;
const CONNECT_MS = 5_000;
/** A fleet of a thousand machines is answered once they are all placed; milliseconds. */
const ANSWER_MS = 90_000;
/** The price list of all regions is read in few of them. Source: AWS Price List API, "Endpoints". */
const PRICE_LIST = 'us-east-1';

/**
 * One client a region, made when it is first needed: to load the SDK takes longer than most commands. Credentials are the
 * SDK's own business, and looked for by the first call. Calls throw what their errors mean: {@link explained}.
 */
export class Clients {
  readonly #ec2 = new Map<string, Promise<EC2>>();
  #pricing: Promise<Pricing> | null = null;

  ec2(region: string): Promise<EC2> {
    const client = this.#ec2.get(region) ?? connected(region);
    this.#ec2.set(region, client);
    return client;
  }

  pricing(): Promise<Pricing> {
    this.#pricing ??= import('@aws-sdk/client-pricing').then(({ Pricing }) =>
      explaining(new Pricing(settings(PRICE_LIST)), 'pricing', PRICE_LIST),
    );
    return this.#pricing;
  }
}

async function connected(region: string): Promise<EC2> {
  const { EC2 } = await import('@aws-sdk/client-ec2');
  return explaining(new EC2(settings(region)), 'ec2', region);
}

function settings(region: string) {
  return {
    region,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
  } as const;
}

/** The part of a client that all of them share. */
interface Explainable {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { readonly step: 'initialize'; readonly priority: 'high' }): void;
  };
}
type Next<A, R> = (args: A) => Promise<R>;
type Middleware = <A, R>(next: Next<A, R>, context: { readonly commandName?: string }) => Next<A, R>;

function explaining<C extends Explainable>(client: C, service: string, region: string): C {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw explained(error, `${service}:${commandName.replace(/Command$/, '')}`, region);
        }
      },
    // Outside of all the SDK does, its retries too.
    { step: 'initialize', priority: 'high' },
  );
  return client;
}
