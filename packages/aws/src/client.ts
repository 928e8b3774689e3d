import type { EC2 } from '@aws-sdk/client-ec2';
import type { IAM } from '@aws-sdk/client-iam';
import type { Pricing } from '@aws-sdk/client-pricing';
import type { ServiceQuotas } from '@aws-sdk/client-service-quotas';
import type { STS } from '@aws-sdk/client-sts';
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
  readonly #made = new Map<string, Promise<unknown>>();

  ec2(region: string): Promise<EC2> {
    return this.#client('ec2', region, async (settings) => new (await import('@aws-sdk/client-ec2')).EC2(settings));
  }

  pricing(): Promise<Pricing> {
    return this.#client(
      'pricing',
      PRICE_LIST,
      async (settings) => new (await import('@aws-sdk/client-pricing')).Pricing(settings),
    );
  }

  sts(region: string): Promise<STS> {
    return this.#client('sts', region, async (settings) => new (await import('@aws-sdk/client-sts')).STS(settings));
  }

  /** Of all regions; where it is depends on the partition of this one. */
  iam(region: string): Promise<IAM> {
    return this.#client('iam', region, async (settings) => new (await import('@aws-sdk/client-iam')).IAM(settings));
  }

  quotas(region: string): Promise<ServiceQuotas> {
    return this.#client(
      'servicequotas',
      region,
      async (settings) => new (await import('@aws-sdk/client-service-quotas')).ServiceQuotas(settings),
    );
  }

  /** @param service as IAM calls it in the names of permissions. */
  #client<C extends Explainable>(
    service: string,
    region: string,
    make: (by: ReturnType<typeof settings>) => Promise<C>,
  ): Promise<C> {
    const key = `${service} ${region}`;
    const client =
      (this.#made.get(key) as Promise<C> | undefined) ??
      make(settings(region)).then((made) => explaining(made, service, region));
    this.#made.set(key, client);
    return client;
  }
}

/** The region that a person has set for all tools of AWS, in the environment or a profile; else the first there ever was. */
export async function usualRegion(): Promise<string> {
  const { EC2 } = await import('@aws-sdk/client-ec2');
  return new EC2().config.region().catch(() => 'us-east-1');
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
