import type { Answer, Result } from './answer.ts';
import type { Command } from './command/command.ts';
import { Loop } from './loop/loop.ts';
import { messageOf } from './message.ts';
import { down, extend, reclaim, scale } from './perform/change.ts';
import { connect } from './perform/connect.ts';
import { type Asker, type Context, type DaskupOptions, Refusal } from './perform/context.ts';
import { environments } from './perform/environment.ts';
import { Pulse } from './perform/pulse.ts';
import { cost, logs, ls, status } from './perform/read.ts';
import { planned, up } from './perform/up.ts';
import { TIMING } from './reconcile/timing.ts';
import { within } from './within.ts';

/** What is under way when the program is to end has this long to be done; milliseconds. */
const END_MS = 5_000;

/**
 * The whole of daskup behind every frontend: commands change what is desired, {@link run} makes it so.
 * Commands only ever write to the store, so any replica may take them.
 */
export class Daskup {
  readonly #context: Context;
  readonly #loop: Loop;

  constructor(options: DaskupOptions) {
    const pulse = new Pulse(options.sleep);
    this.#context = { ...options, pulse };
    this.#loop = new Loop({ ...options, changed: () => pulse.beat(), wake: () => pulse.wake() });
  }

  /** Reconciles until `signal` aborts, then gives its leases back. Nothing a pass throws ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, store, holder, pulse, sleep } = this.#context;
    while (!signal.aborted) {
      const restMs = await this.#loop.pass().catch((error: unknown) => {
        log(`this pass failed and comes again: ${messageOf(error)}`);
        return TIMING.calmMs;
      });
      await pulse.rest(restMs, signal);
    }
    await within(sleep, END_MS, this.#loop.settled());
    // Leases that cannot be given back run out by themselves.
    await store.unlease(holder).catch((error: unknown) => log(`its leases were not given back: ${error}`));
  }

  /** Does one command: progress while it works, then one result or error. Never throws for what a user did. */
  async *perform(command: Command, asker: Asker): AsyncGenerator<Answer> {
    try {
      yield* this.#perform(command, asker);
    } catch (error) {
      const kind = error instanceof Refusal ? 'refused' : 'failed';
      yield { type: 'error', kind, message: messageOf(error) };
    }
  }

  async *#perform(command: Command, asker: Asker): AsyncGenerator<Answer> {
    const context = this.#context;
    switch (command.verb) {
      case 'up':
        return yield* up(context, command.request, asker);
      case 'plan':
        return yield result(await planned(context, command.request, asker));
      case 'scale':
        return yield* scale(context, command, asker);
      case 'extend':
        return yield result(await extend(context, command, asker));
      case 'down':
        return yield* down(context, command, asker);
      case 'reclaim':
        return yield result(await reclaim(context, command));
      case 'ls':
        return yield result(await ls(context));
      case 'status':
        return yield result(await status(context, command));
      case 'connect':
        return yield result(await connect(context, command));
      case 'logs':
        return yield result(await logs(context, command));
      case 'env':
        return yield result(await environments(context, command, asker));
      case 'cost':
        return yield result(await cost(context, command));
      case 'help':
        throw new Refusal('help needs no server');
    }
  }
}

function result(value: Result): Answer {
  return { type: 'result', result: value };
}
