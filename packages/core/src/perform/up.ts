import type { Answer, Result } from '../answer.ts';
import type { Request } from '../command/command.ts';
import { count } from '../command/notation.ts';
import { architectureFor } from '../plan/architecture.ts';
import { type Plan, plan, type Site } from '../plan/plan.ts';
import { whyNot } from '../plan/why-not.ts';
import type { Provider } from '../provision/provider.ts';
import { specOf } from '../spec/from-request.ts';
import { LIMITS } from '../spec/limits.ts';
import { makeName } from '../spec/name.ts';
import { providerOf } from '../spec/regions.ts';
import { describeSoftware, isOwn } from '../spec/software.ts';
import type { ClusterSpec } from '../spec/spec.ts';
import { type Cluster, LIFE_SECONDS } from '../state/cluster.ts';
import { type Asker, type Context, Refusal } from './context.ts';
import { environmentFor } from './environment.ts';
import { providerNamed } from './find.ts';
import { until } from './watch.ts';

/** Names made up for one cluster: with 2,000 of the 7,000 taken, the odds that all of these are stand at one in 10^10. */
const NAMES_TRIED = 20;

/** Makes a cluster, and shows it come until it is ready. */
export async function* up(context: Context, request: Request, asker: Asker): AsyncGenerator<Answer> {
  const { spec, ranked } = await offered(context, await completed(context, request, asker));
  const site = await affordable(context, spec, ranked);
  await checked(context, spec, site);
  const cluster = await created(context, request, spec, site, asker);
  const ready = yield* until(context, cluster, 0, ({ phase }) => phase === 'ready');
  if (ready) yield { type: 'result', result: { verb: 'up', cluster: ready } };
}

/** What `up` would choose from. */
export async function planned(context: Context, request: Request, asker: Asker): Promise<Result> {
  const { spec, ranked } = await offered(context, await completed(context, request, asker));
  const workers = leastWorkers(spec);
  const ages = providersOf(context, spec).map((provider) => provider.priceAges?.(spec.regions) ?? []);
  const problems = await Promise.all(ranked.sites.map((site) => quotaProblem(context, spec, site)));
  return {
    verb: 'plan',
    plan: ranked,
    workers,
    prices: (await Promise.all(ages)).flat(),
    problems: problems.filter((problem) => problem !== null),
  };
}

/**
 * The best site where the account may have so many workers.
 * @throws {Refusal} that names the quota, when there is none.
 */
async function affordable(context: Context, spec: ClusterSpec, { sites }: Plan): Promise<Site> {
  const problems: string[] = [];
  for (const site of sites) {
    const problem = await quotaProblem(context, spec, site);
    if (problem === null) return site;
    problems.push(problem);
  }
  throw problems[0] === undefined ? new Error('a plan that stands has a site') : new Refusal(problems[0]);
}

async function quotaProblem(context: Context, spec: ClusterSpec, site: Site): Promise<string | null> {
  return (await providerNamed(context, site.provider).quotaProblem?.(site, leastWorkers(spec))) ?? null;
}

function leastWorkers({ workers }: ClusterSpec): number {
  return Math.max(1, workers.min);
}

async function completed(context: Context, request: Request, asker: Asker): Promise<ClusterSpec> {
  const { providers, random } = context;
  const regions = providers.flatMap((provider) => provider.regions);
  for (const region of request.regions ?? []) {
    if (!regions.includes(region)) {
      const there = providers.map(({ name }) => name).join(', ');
      throw new Refusal(
        `${region} is a region of ${providerOf(region)}, which is not set up here; there are the regions of ${there}`,
      );
    }
  }
  const environment = await environmentFor(context, request, asker);
  const spec = specOf(request, {
    name: makeName(random),
    limits: LIMITS,
    defaultRegion: regions[0] ?? '',
    environment,
  });
  return spec.machineImage === null ? spec : booting(context, spec, spec.machineImage);
}

/**
 * The spec, of the architecture of the image that its machines are to boot.
 * @throws {Refusal} that says what to change, when they cannot boot it.
 */
async function booting(context: Context, spec: ClusterSpec, id: string): Promise<ClusterSpec> {
  const [region = '', ...others] = spec.regions;
  if (others.length > 0) throw new Refusal(`${id} is an image of one region: name that region alone`);
  const [provider] = providersOf(context, spec);
  if (!provider?.image)
    throw new Refusal(`${id} is an image of EC2, and ${region} has none: name the region that it is in`);
  const image = await provider.image(id, region);
  if (!image.ok) throw new Refusal(image.problem);
  const { architecture } = image;
  if (spec.architecture !== null && spec.architecture !== architecture) {
    const [said, other] = spec.architecture === 'arm64' ? ['arm', 'x86_64'] : ['x86', 'arm64'];
    throw new Refusal(`${id} is an image for ${other}: leave out ${said}, or name an image for ${spec.architecture}`);
  }
  return { ...spec, architecture };
}

/**
 * A plan with at least one site, and the spec that it is for: software that somebody else chose is for one architecture.
 * @throws {Refusal} that says what to change, when there is none.
 */
async function offered(
  context: Context,
  complete: ClusterSpec,
): Promise<{ readonly spec: ClusterSpec; readonly ranked: Plan }> {
  const asked = providersOf(context, complete).map((provider) => provider.offers(complete.regions));
  const offers = (await Promise.all(asked)).flat();
  const spec = isOwn(complete.environment)
    ? { ...complete, architecture: architectureFor(complete, offers) }
    : complete;
  const ranked = plan(spec, offers);
  const problem = whyNot(spec, offers, ranked);
  if (problem) throw new Refusal(problem);
  return { spec, ranked };
}

function providersOf({ providers }: Context, spec: ClusterSpec): readonly Provider[] {
  return providers.filter((provider) => provider.regions.some((region) => spec.regions.includes(region)));
}

/** Stores the cluster: under another name when the first is taken and nobody chose it. */
async function created(context: Context, request: Request, spec: ClusterSpec, site: Site, asker: Asker) {
  const what = `${count.format(spec.workers)} ${spec.market} worker${spec.workers.max > 1 ? 's' : ''} in ${site.region}${describeSoftware(spec)}`;
  const text = `${what} asked for by ${asker.user}`;
  let { name } = spec;
  for (let tries = 1; ; tries++) {
    const cluster = await beginning(context, { ...spec, name }, site, asker);
    const event = { clusterId: cluster.id, at: cluster.createdAt, level: 'info', text } as const;
    if (await context.store.create(cluster, [event])) return cluster;
    if (request.name !== undefined || tries === NAMES_TRIED)
      throw new Refusal(`There is a cluster named ${name} already: choose another name, or end it with: down ${name}`);
    name = makeName(context.random);
  }
}

/** @throws {Refusal} that says what to mend, when a cluster could only fail there. */
async function checked(context: Context, { environment, allow }: ClusterSpec, site: Site): Promise<void> {
  if (allow.length > 0 && !providerNamed(context, site.provider).admitClients)
    throw new Refusal(
      `allow= lets clients in from elsewhere, and nobody elsewhere reaches ${site.region}: leave it out`,
    );
  const findings = await providerNamed(context, site.provider).check(environment, site.region);
  const problems = findings.filter(({ ok }) => !ok).map(({ message }) => message);
  if (problems.length > 0) throw new Refusal(`No cluster can be made in ${site.region}. ${problems.join('; ')}`);
}

/** A cluster at its beginning: nothing of it is there yet. */
async function beginning(context: Context, spec: ClusterSpec, site: Site, asker: Asker): Promise<Cluster> {
  const createdAt = context.now();
  return {
    id: context.newId(),
    owner: asker.user,
    spec,
    state: { phase: 'starting', since: createdAt },
    createdAt,
    expiresAt: createdAt + spec.ttlSeconds * 1000,
    target: leastWorkers(spec),
    provider: site.provider,
    region: site.region,
    zone: site.zone,
    moveTo: null,
    moves: 0,
    home: providerNamed(context, site.provider).home ?? null,
    credentials: await context.issueCredentials(spec.name, new Date(createdAt), LIFE_SECONDS),
    endpoint: null,
    attempt: 0,
    launches: [],
    failures: 0,
    retryAt: 0,
    clientAt: null,
    surplusSince: null,
    clients: [],
    admitted: [],
  };
}
