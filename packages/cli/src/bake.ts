import type { Found } from '@daskup/aws/baked/bakery';
import { lineOf } from '@daskup/core/command/line';
import { parse } from '@daskup/core/command/parse';
import { isFile } from '@daskup/core/command/software';
import { messageOf } from '@daskup/core/message';
import { providerOf } from '@daskup/core/spec/regions';
import { isOwn } from '@daskup/core/spec/software';
import type { Architecture, Environment } from '@daskup/core/spec/spec';
import { secretProblem } from '@daskup/dask/bake-script';
import { environmentProblem } from '@daskup/dask/boot-script';
import { softwareOf } from '@daskup/dask/environment';
import { settingsFrom } from '@daskup/server/settings';
import { environmentOf } from './environment.ts';
import { failure } from './failure.ts';
import { clock, table } from './render.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;

const TAKES = 'bake takes a region, arm, env= and image=';
/** What may be said of an image to be baked, as an `up` says it. */
const TAKEN = new Set(['workers', 'regions', 'architecture', 'env', 'image']);

/**
 * Makes images of machines that have an environment already, lists them, and deletes them. Needs no server. Returns the exit
 * code.
 */
export async function bake(words: readonly string[], options: { readonly json: boolean }): Promise<number> {
  const fail = (code: number, message: string) => failure(code, message, options);
  const [provider, task = '', ...ids] = words;
  if (provider !== 'aws') return fail(BAD_COMMAND, 'bake needs a provider: aws');
  const wanted = task === 'ls' || task === 'rm' ? null : await wishOf(words.slice(1));
  if (wanted && 'error' in wanted) return fail(BAD_COMMAND, wanted.error);
  if (task === 'ls' && ids.length > 0) return fail(BAD_COMMAND, 'bake aws ls stands alone');
  if (task === 'rm' && ids.length === 0) return fail(BAD_COMMAND, 'bake aws rm needs images: bake aws ls lists them');
  try {
    const { Bakery } = await import('@daskup/aws/baked/bakery');
    const { awsCache: cacheFolder, isAwsPublic: isPublic, awsOwn: own } = settingsFrom(process.env);
    const bakery = new Bakery({ cacheFolder, isPublic, own, now: Date.now });
    if (task === 'ls') {
      const images = await bakery.list();
      console.log(options.json ? JSON.stringify({ verb: 'bake', images }) : listed(images));
    } else if (task === 'rm') {
      await bakery.remove(ids);
      console.log(options.json ? JSON.stringify({ verb: 'bake', removed: ids }) : `${ids.join(', ')} deleted`);
    } else if (wanted) {
      const say = options.json ? () => {} : (text: string) => console.error(`daskup: ${text}`);
      const images = await baked(bakery, wanted, say);
      console.log(options.json ? JSON.stringify({ verb: 'bake', images }) : images.map(ready).join('\n'));
    }
    return DONE;
  } catch (error) {
    return fail(FAILED, messageOf(error));
  }
}

interface Wish {
  /** Null for the one that the AWS tools are set to. */
  readonly region: string | null;
  readonly architecture: Architecture | null;
  readonly environment: Environment;
  /** The id of the image to begin with; null for the usual one. */
  readonly base: string | null;
}

/** The images, for each architecture side by side. */
async function baked(
  bakery: InstanceType<typeof import('@daskup/aws/baked/bakery').Bakery>,
  wish: Wish,
  say: (text: string) => void,
): Promise<readonly Found[]> {
  const { usualRegion } = await import('@daskup/aws/client');
  const region = wish.region ?? (await usualRegion());
  const base = wish.base === null ? null : await bakery.base(region, wish.base);
  if (base && wish.architecture !== null && base.architecture !== wish.architecture)
    throw new Error(`${base.id} is an image for ${base.architecture}, not ${wish.architecture}`);
  const packages = softwareOf(wish.environment);
  if (!('cacheKey' in packages)) throw new Error('only packages can be baked');
  const done = await Promise.allSettled(
    architecturesOf(wish, base?.architecture).map(async (architecture) => {
      const making = bakery.bake({ region, architecture, packages, base });
      while (true) {
        const step = await making.next();
        if (step.done) return { ...step.value, region };
        say(`${region} ${architecture}: ${step.value}`);
      }
    }),
  );
  // One that fails has kept the other from nothing.
  for (const result of done) if (result.status === 'rejected') throw result.reason;
  return done.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Packages of daskup's own are there for both architectures; those of others may be for the common one alone. */
function architecturesOf({ architecture, environment }: Wish, ofBase?: Architecture): readonly Architecture[] {
  const only = architecture ?? ofBase;
  if (only !== undefined && only !== null) return [only];
  return isOwn(environment) ? ['x86_64'] : ['x86_64', 'arm64'];
}

async function wishOf(words: readonly string[]): Promise<Wish | { readonly error: string }> {
  const parsed = parse(lineOf(['up', '1', ...words]));
  if (!parsed.ok) return { error: parsed.error.message };
  const { command } = parsed;
  if (command.verb !== 'up') return { error: TAKES };
  const { regions = [], architecture = null, env, image } = command.request;
  const other = Object.keys(command.request).find((name) => !TAKEN.has(name));
  if (other !== undefined) return { error: `${TAKES}, not ${other}` };
  if (image?.kind === 'container')
    return { error: `${image.reference} is an image already: only packages can be baked` };
  if (env !== undefined && !isFile(env))
    return { error: `env=${env}: what is kept under a name only a server knows, and bake asks none; name the file` };
  const [region = null, ...others] = regions;
  if (others.length > 0) return { error: 'an image is of one region: bake for each' };
  if (region !== null && providerOf(region) !== 'aws') return { error: `${region} is no region of AWS` };
  try {
    const environment = (await environmentOf(command)) ?? { kind: 'managed' };
    const software = softwareOf(environment);
    const problem = environmentProblem(environment) ?? ('cacheKey' in software ? secretProblem(software) : null);
    return problem === null ? { region, architecture, environment, base: image?.id ?? null } : { error: problem };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function ready({ id, region, architecture, base, sizeGiB }: Found): string {
  const use = `clusters of this environment there${base === 'stock' ? '' : ` that name image=${base}`} boot it from now on`;
  return `${id} is ready in ${region} for ${architecture}: ${use}. What is on its disk of ${sizeGiB} GiB costs some cents a month, until: daskup bake aws rm ${id}`;
}

function listed(images: readonly Found[]): string {
  if (images.length === 0) return 'no images. Bake one: daskup bake aws eu-west-2';
  const rows = images.map(({ id, region, architecture, cacheKey, python, base, state, sizeGiB, madeAt }) => [
    id,
    region,
    architecture,
    cacheKey,
    `3.${python}`,
    base,
    state,
    `${sizeGiB} GiB`,
    clock(madeAt),
  ]);
  return table(['IMAGE', 'REGION', 'FOR', 'ENVIRONMENT', 'PYTHON', 'BASE', 'STATE', 'DISK', 'SINCE'], rows);
}
