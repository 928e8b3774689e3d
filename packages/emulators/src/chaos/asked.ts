import type { Answer } from '@daskup/core/answer';
import type { Command } from '@daskup/core/command/command';
import { SIMULATED } from '../sim/faults.ts';
import type { Judge } from './judge.ts';
import type { Process } from './process.ts';

/** One command, the user who gave it (each command has its own), and all they heard. */
export class Asked {
  readonly user: string;
  readonly command: Command;
  readonly process: Process;
  readonly answers: Answer[] = [];
  /** The conversation is over; one with a process that died never is. */
  closed = false;

  constructor(user: string, command: Command, process: Process) {
    this.user = user;
    this.command = command;
    this.process = process;
    void this.#listen();
  }

  get last(): Answer | undefined {
    return this.answers.at(-1);
  }

  async #listen(): Promise<void> {
    for await (const answer of this.process.daskup.perform(this.command, { user: this.user, environment: null })) {
      this.answers.push(answer);
    }
    this.closed = true;
  }
}

/** How often a command must be found in the store: not at all, once, or, when its asker cannot know, either. */
export function timesApplied({ last, closed }: Asked): readonly number[] {
  if (!closed || last?.type === 'progress') return [0, 1];
  if (last?.type === 'result') return [1];
  return last?.type === 'error' && last.kind === 'refused' ? [0] : [0, 1];
}

/** The conversation was a proper one: progress, then one result or error that can be explained. */
export function judgeAnswers(judge: Judge, asked: Asked): void {
  const { process, closed, answers, last, command, user } = asked;
  const finals = answers.filter(({ type }) => type !== 'progress').length;
  if (finals > 1 || (finals === 1 && last?.type === 'progress')) judge.say('answer', `${user} heard more than one end`);
  if (process.alive && !closed) judge.say('answer', `${user} still waits for an answer to ${command.verb}`);
  if (closed && finals === 0) judge.say('answer', `${user} was never told how ${command.verb} ended`);
  if (last?.type === 'error' && last.kind === 'failed' && !isExplained(last.message)) {
    judge.say('error', `${user} was told of ${command.verb}: ${last.message}`);
  }
}

function isExplained(message: string): boolean {
  return message.includes(SIMULATED) || /^\w+ (ended|failed)[:,] |cannot be taken back/.test(message);
}
