import { lineOf } from '@daskup/core/command/line';
import { parse } from '@daskup/core/command/parse';
import { plan } from '@daskup/core/plan/plan';
import { whyNot } from '@daskup/core/plan/why-not';
import type { Finding } from '@daskup/core/provision/provider';
import { specOf } from '@daskup/core/spec/from-request';
import { LIMITS } from '@daskup/core/spec/limits';
import { providerOf } from '@daskup/core/spec/regions';
import type { ClusterSpec } from '@daskup/core/spec/spec';
import { bootScript } from '@daskup/dask/boot-script';
import { settingsFrom } from '@daskup/server/settings';
import { failure } from './failure.ts';
import { PROGRAM } from './program.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;

/**
 * Looks at all that clusters on a cloud, or the one that these words of an `up` ask for, could fail on. Needs no server.
 * Returns the exit code.
 */
export async function doctor(words: readonly string[], options: { readonly json: boolean }): Promise<number> {
  const fail = (message: string) => failure(BAD_COMMAND, message, options);
  const [provider, ...rest] = words;
  if (provider !== 'aws') return fail('doctor needs a provider: aws');
  if (rest.length === 1 && rest[0] === '--policy') {
    const { POLICY } = await import('@daskup/aws/policy');
    console.log(JSON.stringify(POLICY, null, 2));
    return DONE;
  }
  const wanted = specFrom(rest);
  if ('error' in wanted) return fail(wanted.error);
  const elsewhere = wanted.regions.find((region) => providerOf(region) !== 'aws');
  if (elsewhere !== undefined) return fail(`${elsewhere} is no region of AWS`);

  const findings: Finding[] = [];
  for await (const finding of examined(wanted.spec, wanted.regions)) {
    findings.push(finding);
    if (!options.json) console.log(`${finding.ok ? 'ok ' : 'FIX'}  ${finding.message}`);
  }
  const problems = findings.filter(({ ok }) => !ok);
  if (options.json) console.log(JSON.stringify({ verb: 'doctor', provider, findings }));
  else if (problems.some(({ message }) => message.includes('permission ')))
    console.log(`The least policy that daskup needs: ${PROGRAM} doctor aws --policy`);
  return problems.length === 0 ? DONE : FAILED;
}

async function* examined(spec: ClusterSpec | null, named: readonly string[]): AsyncGenerator<Finding> {
  const { examine } = await import('@daskup/aws/doctor/doctor');
  const { usualRegion } = await import('@daskup/aws/client');
  const { AwsProvider } = await import('@daskup/aws/provider');
  const settings = settingsFrom(process.env);
  const { awsCache: cacheFolder, isAwsPublic: isPublic, awsOwn: own, awsCheckip: checkip } = settings;
  const regions = named.length > 0 ? named : [await usualRegion()];
  const shared = { regions, isPublic, own, checkip, now: Date.now };
  const provider = new AwsProvider({ ...shared, cacheFolder, isAlone: settings.databaseUrl === null, bootScript });
  const wish = async (region: string) => {
    if (spec === null) return null;
    const image = spec.machineImage === null ? null : await provider.image(spec.machineImage, region);
    if (image?.ok === false) throw new Error(image.problem);
    const wanted = { ...spec, regions: [region], architecture: image?.architecture ?? spec.architecture };
    const offers = await provider.offers(wanted.regions);
    const ranked = plan(wanted, offers);
    const problem = whyNot(wanted, offers, ranked);
    const [site] = ranked.sites;
    if (problem !== null || !site) throw new Error(problem ?? 'no site');
    return { site, workers: Math.max(1, spec.workers.min) };
  };
  yield* examine({ ...shared, wish });
}

type Wanted = { readonly spec: ClusterSpec | null; readonly regions: readonly string[] } | { readonly error: string };

/** What the words of an `up` ask for; those without a number of workers only say where and what. */
function specFrom(words: readonly string[]): Wanted {
  if (words.length === 0) return { spec: null, regions: [] };
  const parsed = parse(lineOf(['up', ...words]));
  const counted = parsed.ok ? parsed : parse(lineOf(['up', '1', ...words]));
  if (!counted.ok)
    return { error: /^\d/.test(words[0] ?? '') && !parsed.ok ? parsed.error.message : counted.error.message };
  if (counted.command.verb !== 'up') return { error: 'doctor needs the words of an up' };
  const { request } = counted.command;
  const environment = { kind: 'managed' } as const;
  const spec = specOf(request, { name: 'doctor', limits: LIMITS, defaultRegion: '', environment });
  return { spec, regions: request.regions ?? [] };
}
