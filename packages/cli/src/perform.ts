import { userInfo } from 'node:os';
import type { Answer, Result } from '@daskup/core/answer';
import type { Command } from '@daskup/core/command/command';
import { messageOf } from '@daskup/core/message';
import { isLive } from '@daskup/core/reconcile/lifecycle';
import { BadSetting } from '@daskup/server/home';
import { Client, type Order } from './client.ts';
import { confirmed } from './confirmed.ts';
import { removeConnections, saveConnection } from './connection.ts';
import { environmentOf } from './environment.ts';
import { failure } from './failure.ts';
import { interruptOf } from './interrupt.ts';
import { PROGRAM } from './program.ts';
import { Progress } from './progress.ts';
import { render } from './render.ts';

const DONE = 0;
const FAILED = 1;
const BAD_COMMAND = 2;

export interface Options {
  readonly json: boolean;
  readonly yes: boolean;
}

/** Sends a command to the server, shows what comes back, and returns the exit code. */
export async function perform(command: Command, line: string, options: Options): Promise<number> {
  const fail = (code: number, message: string) => failure(code, message, options);
  const startedAt = Date.now();
  const progress = new Progress(options.json);
  let client: Client;
  let order: Order;
  try {
    client = new Client(process.env, () => progress.note("starting daskup's server in the background…"));
    order = { line, user: userInfo().username, environment: await environmentOf(command) };
  } catch (error) {
    return fail(BAD_COMMAND, messageOf(error));
  }
  if (command.verb === 'down' && 'all' in command.target && !options.yes) {
    if (!process.stdin.isTTY) return fail(BAD_COMMAND, 'down --all ends every cluster: confirm with --yes');
    if (!(await confirmed('End every cluster?'))) return fail(FAILED, 'nothing was ended');
  }

  const interrupt = interruptOf(command, client, order.user, progress);
  try {
    for await (const answer of client.send(order)) {
      if (answer.type === 'progress') {
        progress.show(answer);
        interrupt?.begun(answer.cluster.name);
        continue;
      }
      progress.end();
      if (interrupt?.exitCode != null) break;
      if (answer.type === 'error') return fail(answer.kind === 'refused' ? BAD_COMMAND : FAILED, answer.message);
      if (command.verb === 'connect' && command.from === undefined) {
        const from = await elsewhere(answer.result);
        if (from !== null) return await perform({ ...command, from }, `${line} from ${from}`, options);
      }
      print(answer, client.home, options.json);
      forget(answer.result, client.home, startedAt);
      return DONE;
    }
    if (interrupt?.exitCode != null) {
      await interrupt.finish();
      return interrupt.exitCode;
    }
    return fail(FAILED, `the server ended before the command did; ${PROGRAM} ls shows what runs`);
  } catch (error) {
    progress.end();
    return fail(error instanceof BadSetting ? BAD_COMMAND : FAILED, messageOf(error));
  } finally {
    interrupt?.dispose();
  }
}

/** Where this computer is to a cluster that does not let it in; null where it does, or that is not known. */
async function elsewhere(result: Result): Promise<string | null> {
  if (result.verb !== 'connect' || !result.letIn) return null;
  const { notLetIn } = await import('./way-in.ts');
  return notLetIn(result, process.env).catch((error: unknown) => {
    const way = `${PROGRAM} connect ${result.cluster.name} from ADDRESS`;
    console.error(`daskup: ${messageOf(error)}. Where this computer is not let in: ${way}`);
    return null;
  });
}

function print(answer: Extract<Answer, { type: 'result' }>, home: string, json: boolean): void {
  const { result } = answer;
  if (result.verb === 'connect') {
    const path = saveConnection(home, result.cluster.name, result.yaml);
    // The file's text is a secret and stays in the file.
    console.log(json ? JSON.stringify({ verb: 'connect', path }) : `export DASK_CONFIG='${path}'`);
    if (!json && process.stdout.isTTY)
      console.error('# paste that line; then Client() in Python finds the cluster with no arguments');
    return;
  }
  console.log(json ? JSON.stringify(result) : render(result));
}

/** What connects to a cluster is a secret, and of no use once the cluster is over. */
function forget(result: Result, home: string, startedAt: number): void {
  if (result.verb !== 'down' && result.verb !== 'ls') return;
  const isOver = (name: string) => {
    const cluster = result.clusters.find((told) => told.name === name);
    // ls tells of every cluster that lives.
    return cluster ? !isLive(cluster) : result.verb === 'ls';
  };
  removeConnections(home, startedAt, isOver);
}
