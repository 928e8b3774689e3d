import type { Result } from '../answer.ts';
import type { Command, Request } from '../command/command.ts';
import { isFile } from '../command/software.ts';
import type { Environment } from '../spec/spec.ts';
import type { KeptEnvironment } from '../state/store.ts';
import { type Asker, type Context, Refusal } from './context.ts';
import { instead } from './find.ts';

/**
 * The software that a request asks for; without a word on it what the client has itself, where it told.
 * @throws {Refusal} that says what to change, when no machine could be given it.
 */
export async function environmentFor(context: Context, request: Request, asker: Asker): Promise<Environment> {
  const environment = await asked(context, request, asker);
  refuseUnfit(context, environment);
  return environment;
}

async function asked(context: Context, { env, python, image }: Request, asker: Asker): Promise<Environment> {
  if (image?.kind === 'container') return { kind: 'container', reference: image.reference };
  if (env !== undefined && !isFile(env))
    return (await keptBy(context, env, `; a file is written as ./${env}`)).environment;
  const sent = asker.environment;
  if (sent === null && env !== undefined) throw unsent(`env=${env}`, env);
  if (sent === null && python !== undefined) return { kind: 'python', path: python };
  return sent ?? { kind: 'managed' };
}

/** What is done with the environments that are kept by name. */
export async function environments(context: Context, { task }: Command<'env'>, asker: Asker): Promise<Result> {
  const { store, now } = context;
  switch (task.do) {
    case 'ls':
      return { verb: 'env', did: 'ls', environments: await store.environments() };
    case 'show':
      return { verb: 'env', did: 'show', environments: [await keptBy(context, task.name)] };
    case 'rm': {
      const kept = await keptBy(context, task.name);
      await store.forgetEnvironment(task.name);
      return { verb: 'env', did: 'rm', environments: [kept] };
    }
    case 'add': {
      const { environment } = asker;
      if (environment?.kind !== 'requirements') throw unsent(task.file, task.file);
      refuseUnfit(context, environment);
      const kept = { name: task.name, environment, keptBy: asker.user, keptAt: now() };
      await store.keepEnvironment(kept);
      return { verb: 'env', did: 'add', environments: [kept] };
    }
  }
}

/** @throws {Refusal} that names what there is, when none is kept by this name. */
async function keptBy({ store }: Context, name: string, hint = ''): Promise<KeptEnvironment> {
  const all = await store.environments();
  const kept = all.find((other) => other.name === name);
  if (kept) return kept;
  const names = all.map((other) => other.name);
  throw new Refusal(`No environment is kept by the name ${name}${instead(name, names, hint)}`);
}

function unsent(what: string, file: string): Refusal {
  const keep = `daskup env add NAME ${file}`;
  return new Refusal(`${what} is a file, which is sent from a terminal only: keep it there once, and name it: ${keep}`);
}

function refuseUnfit({ environmentProblem }: Context, environment: Environment): void {
  const problem = environmentProblem(environment);
  if (problem) throw new Refusal(problem);
}
