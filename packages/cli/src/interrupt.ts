import { constants } from 'node:os';
import type { Command } from '@daskup/core/command/command';
import { count } from '@daskup/core/command/notation';
import type { Client } from './client.ts';
import { PROGRAM } from './program.ts';
import type { Progress } from './progress.ts';

/** Ctrl-C, an end that was asked for, a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** npx and an older Node pass on what the terminal has sent already: what comes again this soon is the same; milliseconds. */
const ECHO_MS = 1_000;

/** What becomes of a command when its terminal wants to leave before it is done. */
export interface Interrupt {
  /** What to end with once somebody has interrupted it; null until then. */
  readonly exitCode: number | null;
  /** The server works at it, on this cluster. */
  begun(cluster: string): void;
  /** Does what an interrupted command still has to do before its terminal may go. */
  finish(): Promise<void>;
  dispose(): void;
}

/** Null for a command that changes nothing, which may end anywhere. */
export function interruptOf(command: Command, client: Client, user: string, progress: Progress): Interrupt | null {
  if (command.verb === 'up') return new TakeDown(client, user, progress);
  const left = leftBehind(command);
  return left && new Leave(left, progress);
}

/** Calls back on each signal but its echoes, until disposed of. */
class Signals {
  #lastAt = Number.NEGATIVE_INFINITY;
  readonly #heard: (signal: Signal) => void;
  readonly #onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    const isEcho = now - this.#lastAt < ECHO_MS;
    if (!isEcho) this.#lastAt = now;
    const known = SIGNALS.find((name) => name === signal);
    if (known && !isEcho) this.#heard(known);
  };

  constructor(heard: (signal: Signal) => void) {
    this.#heard = heard;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    // A terminal that is closed takes no more words, and what is to be done must be done all the same.
    process.stderr.on('error', ignore);
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}

function ignore(): void {}

/** As shells have it. */
function exitCodeOf(signal: Signal): number {
  return 128 + constants.signals[signal];
}

/** A cluster that comes up is taken down again. A second time, the terminal leaves at once. */
class TakeDown implements Interrupt {
  exitCode: number | null = null;
  readonly #client: Client;
  readonly #user: string;
  readonly #progress: Progress;
  readonly #signals = new Signals((signal) => this.#interrupt(signal));
  #name = '';
  #down: Promise<boolean> | null = null;

  constructor(client: Client, user: string, progress: Progress) {
    this.#client = client;
    this.#user = user;
    this.#progress = progress;
  }

  begun(cluster: string): void {
    this.#name = cluster;
    this.#act();
  }

  async finish(): Promise<void> {
    const name = this.#name;
    if (!this.#down) process.stderr.write(`daskup: left before it was started; ${PROGRAM} ls shows what runs\n`);
    else if (await this.#down) process.stderr.write(`daskup: ${name} is down; nothing is left\n`);
    else process.stderr.write(`daskup: ${name} could not be taken down: ${PROGRAM} down ${name}\n`);
  }

  dispose(): void {
    this.#signals.dispose();
  }

  #interrupt(signal: Signal): void {
    if (this.exitCode !== null) {
      process.stderr.write(`\ndaskup: left at once; ${this.#name || 'the cluster'} may still run: ${PROGRAM} ls\n`);
      process.exit(exitCodeOf(signal));
    }
    this.exitCode = exitCodeOf(signal);
    this.#progress.end();
    process.stderr.write('\ndaskup: interrupted; taking it down again\n');
    this.#act();
  }

  #act(): void {
    if (this.exitCode === null || this.#name === '' || this.#down) return;
    this.#down = this.#end().catch(() => false);
  }

  async #end(): Promise<boolean> {
    for await (const answer of this.#client.send({ line: `down ${this.#name}`, user: this.#user, environment: null })) {
      if (answer.type === 'result') return true;
      if (answer.type === 'error') return answer.message.includes('ended already');
    }
    return false;
  }
}

/** What was asked of the server it does without a terminal: that is told, and no more. */
class Leave implements Interrupt {
  readonly exitCode = null;
  readonly #signals: Signals;
  #begun = false;

  constructor({ goesOn, look }: LeftBehind, progress: Progress) {
    this.#signals = new Signals((signal) => {
      progress.end();
      process.stderr.write(`\ndaskup: ${(this.#begun && goesOn) || 'left before the server answered'}; ${look}\n`);
      process.exit(exitCodeOf(signal));
    });
  }

  begun(): void {
    this.#begun = true;
  }

  async finish(): Promise<void> {}

  dispose(): void {
    this.#signals.dispose();
  }
}

interface LeftBehind {
  /** What the server does without the terminal, where it takes its time. */
  readonly goesOn?: string;
  /** The command that shows it. */
  readonly look: string;
}

function leftBehind(command: Command): LeftBehind | null {
  switch (command.verb) {
    case 'scale':
      return {
        goesOn: `${command.name} goes on scaling to ${count.format(command.workers)}`,
        look: `${PROGRAM} status ${command.name}`,
      };
    case 'extend':
      return { look: `${PROGRAM} status ${command.name}` };
    case 'down':
      return 'all' in command.target
        ? { goesOn: 'every cluster goes on ending', look: `${PROGRAM} ls` }
        : { goesOn: `${command.target.name} goes on ending`, look: `${PROGRAM} status ${command.target.name}` };
    default:
      return null;
  }
}
