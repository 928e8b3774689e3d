import { dollars } from '@daskup/core/account/money';
import type { Answer } from '@daskup/core/answer';
import type { ClusterView } from '@daskup/core/observe/view';
import { describeSeconds } from '@daskup/core/spec/duration';

type Step = Extract<Answer, { type: 'progress' }>;

/** What a cluster is doing, on standard error: one live line on a terminal, a line a change in a pipe. */
export class Progress {
  readonly #quiet: boolean;
  readonly #live = process.stderr.isTTY === true;
  #step: Step | null = null;
  #timer: NodeJS.Timeout | null = null;
  #said = '';

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  show(step: Step): void {
    if (this.#quiet) return;
    this.#step = step;
    if (!this.#live) {
      for (const event of step.events) process.stderr.write(`${step.cluster.name}: ${event.text}\n`);
      const line = lineOf(step.cluster, step.stage);
      if (line !== this.#said) process.stderr.write(`${line}\n`);
      this.#said = line;
      return;
    }
    for (const event of step.events) process.stderr.write(`\r\x1b[2K${step.cluster.name}: ${event.text}\n`);
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), 500);
  }

  /** A line about daskup itself. */
  note(text: string): void {
    if (!this.#quiet) process.stderr.write(`daskup: ${text}\n`);
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#live && this.#step) process.stderr.write('\r\x1b[2K');
    this.#step = null;
  }

  #draw(): void {
    if (!this.#step) return;
    const { cluster, stage } = this.#step;
    const elapsed = describeSeconds(Math.floor((Date.now() - cluster.createdAt) / 1000));
    const line = `${lineOf(cluster, stage)} · ${elapsed}`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`);
  }
}

function lineOf(cluster: ClusterView, stage: string): string {
  const { joined, target, booting, pending, leaving } = cluster.workers;
  const parts = [
    `${cluster.name}: ${cluster.phase}`,
    `${joined} of ${target} workers joined`,
    ...(booting > 0 ? [`${booting} booting`] : []),
    ...(pending > 0 ? [`${pending} pending`] : []),
    ...(leaving > 0 ? [`${leaving} leaving`] : []),
    `${dollars(cluster.microsPerHour)}/h`,
    ...(stage ? [stage] : []),
  ];
  return parts.join(' · ');
}
