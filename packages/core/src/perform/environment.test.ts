import { expect, test } from 'vitest';
import type { Answer } from '../answer.ts';
import { parse } from '../command/parse.ts';
import { Daskup } from '../daskup.ts';
import type { Offer } from '../plan/offer.ts';
import type { MachineImage } from '../provision/provider.ts';
import type { Environment, Requirements } from '../spec/spec.ts';
import { MemoryStore } from '../state/memory.ts';
import { CREDENTIALS, PretendCloud } from '../testing/pretend-cloud.ts';

// Which software a request comes to, from the line and what was sent along.
const FILE: Requirements = { kind: 'requirements', text: 'dask\n', python: null };
const CLIENT = { kind: 'client', interpreter: '/venv/bin/python', python: 12, versions: { dask: '2026.8.0' } } as const;

/** A cloud of both architectures, whose images say themselves what they are. */
class Cloud extends PretendCloud {
  image?(id: string): Promise<MachineImage>;

  override async offers(): Promise<Offer[]> {
    const there = await super.offers();
    return there.flatMap((offer) => [
      { ...offer, type: 'm5.large' },
      { ...offer, type: 'c7g.large', architecture: 'arm64' as const, microsPerHour: 1 },
    ]);
  }
}

function world({ images = false, regions = ['local'] } = {}) {
  const cloud = new Cloud();
  Object.assign(cloud, { regions });
  if (images)
    cloud.image = async (id) =>
      id === 'ami-0000000a'
        ? { ok: true, architecture: 'arm64' }
        : { ok: false, problem: `there is no image ${id} in local` };
  const store = new MemoryStore('here');
  const daskup = new Daskup({
    store,
    providers: [cloud],
    control: cloud,
    issueCredentials: async () => CREDENTIALS,
    connectionYaml: () => '',
    environmentProblem: (environment) =>
      environment.kind === 'requirements' && environment.text === '' ? 'too small' : null,
    holder: 'one',
    reclaim: async () => {},
    newId: () => 'id',
    random: () => 0.5,
    now: () => cloud.now,
    sleep: async () => {},
    log: () => {},
  });
  const say = async (line: string, environment: Environment | null = null): Promise<Answer | undefined> => {
    const parsed = parse(line);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const answers = daskup.perform(parsed.command, { user: 'ada', environment });
    const { value } = await answers.next();
    await answers.return(undefined);
    return value;
  };
  const refusal = async (...said: Parameters<typeof say>) => {
    const answer = await say(...said);
    expect(await store.clusters()).toEqual([]);
    return answer?.type === 'error' && answer.kind === 'refused' ? answer.message : answer;
  };
  const specOf = async (...said: Parameters<typeof say>) => {
    await say(...said);
    return (await store.clusters())[0]?.spec;
  };
  return { store, say, refusal, specOf };
}

test('without a word on it, a cluster has what its client has, else what comes with daskup', async () => {
  expect(await world().specOf('up 1')).toMatchObject({ environment: { kind: 'managed' }, architecture: null });
  const w = world();
  expect(await w.specOf('up 1', CLIENT)).toMatchObject({ environment: CLIENT, architecture: null });
  const [asked] = await w.store.events('id');
  expect(asked?.text).toBe(
    '1 on-demand worker in local with Python 3.12 and Dask 2026.8.0 as the client has them asked for by ada',
  );
});

test('an environment that was kept is named with no file at hand, and a cluster has it as it was then', async () => {
  const w = world();
  expect(await w.say('env add etl requirements.txt', FILE)).toMatchObject({
    result: { verb: 'env', did: 'add', environments: [{ name: 'etl', keptBy: 'ada', environment: FILE }] },
  });
  expect(await w.specOf('up 1 env=etl')).toMatchObject({ environment: FILE });
  await w.say('env add etl requirements.txt', { ...FILE, text: 'dask==1\n' });
  expect((await w.store.clusters())[0]?.spec.environment).toEqual(FILE);
  expect(await w.say('env show etl')).toMatchObject({
    result: { environments: [{ environment: { text: 'dask==1\n' } }] },
  });
  expect(await w.say('env rm etl')).toMatchObject({ result: { did: 'rm', environments: [{ name: 'etl' }] } });
  expect(await w.say('env ls')).toEqual({ type: 'result', result: { verb: 'env', did: 'ls', environments: [] } });
});

test('a name that none is kept by gets the nearest, and a file without its text what to do', async () => {
  const { say, refusal } = world();
  expect(await refusal('up 1 env=etl')).toBe(
    'No environment is kept by the name etl; there is none at all; a file is written as ./etl',
  );
  await say('env add etl a.txt', FILE);
  await say('env add analysis a.txt', FILE);
  expect(await refusal('up 1 env=etll')).toBe('No environment is kept by the name etll; did you mean etl?');
  expect(await refusal('plan 1 env=zzzzz')).toBe(
    'No environment is kept by the name zzzzz; there is: analysis, etl; a file is written as ./zzzzz',
  );
  for (const line of ['env rm etll', 'env show etll']) expect(await refusal(line)).toContain('did you mean etl?');
  expect(await refusal('up 1 env=requirements.txt')).toBe(
    'env=requirements.txt is a file, which is sent from a terminal only: keep it there once, and name it: daskup env add NAME requirements.txt',
  );
  expect(await refusal('env add etl a.txt')).toContain('a.txt is a file, which is sent from a terminal only');
});

test('what no machine could be given is neither kept nor made', async () => {
  const w = world();
  const bad = { ...FILE, text: '' };
  expect(await w.refusal('env add etl a.txt', bad)).toBe('too small');
  expect(await w.store.environments()).toEqual([]);
  expect(await w.refusal('up 1 env=a.txt', bad)).toBe('too small');
});

test("somebody's own software is for x86_64, unless ARM or a type of it was said", async () => {
  const architectureOf = async (line: string, environment: Environment | null) =>
    (await world().specOf(line, environment))?.architecture;
  expect(await architectureOf('up 1 env=a.txt', FILE)).toBe('x86_64');
  expect(await architectureOf('up 1 image=ghcr.io/a/b:c', null)).toBe('x86_64');
  expect(await architectureOf('up 1 arm env=a.txt', FILE)).toBe('arm64');
  expect(await architectureOf('up 1 type=c7g env=a.txt', FILE)).toBe('arm64');
  expect(await architectureOf('up 1 type=c7g,m5 env=a.txt', FILE)).toBe('x86_64');
});

test('a container is what its reference says, whatever the client has', async () => {
  const w = world();
  const reference = 'ghcr.io/org/name:tag';
  expect(await w.specOf(`up 1 image=${reference}`, CLIENT)).toMatchObject({
    environment: { kind: 'container', reference },
    machineImage: null,
  });
  expect((await w.store.events('id'))[0]?.text).toContain(`in local in ${reference} asked for`);
});

test('an image decides of the architecture, and stands with packages', async () => {
  const { specOf } = world({ images: true });
  expect(await specOf('up 1 image=ami-0000000a env=a.txt', FILE)).toMatchObject({
    machineImage: 'ami-0000000a',
    architecture: 'arm64',
    environment: FILE,
  });
});

test('an image that machines cannot boot is refused in a line', async () => {
  const { refusal } = world({ images: true, regions: ['local', 'eu-west-2'] });
  expect(await refusal('up 1 image=ami-0000000b')).toBe('there is no image ami-0000000b in local');
  expect(await refusal('up 1 image=ami-0000000a x86')).toBe(
    'ami-0000000a is an image for arm64: leave out x86, or name an image for x86_64',
  );
  expect(await refusal('up 1 image=ami-0000000a type=m5.large')).toBe(
    'm5.large is x86_64, and ami-0000000a is an image for arm64: ask for another type, or another image',
  );
  expect(await refusal('up 1 local+eu-west-2 image=ami-0000000a')).toBe(
    'ami-0000000a is an image of one region: name that region alone',
  );
  expect(await world().refusal('up 1 image=ami-0000000a')).toBe(
    'ami-0000000a is an image of EC2, and local has none: name the region that it is in',
  );
});
