import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { Faults } from '../faults.ts';
import { post } from './http.ts';
import type { Sockets } from './socket.ts';

export type Kind = 'slash_commands' | 'interactive' | 'events_api';

/** One thing that the app is told, once. */
export interface Delivery {
  readonly id: string;
  readonly kind: Kind;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly retry?: { readonly attempt: number; readonly reason: string };
}

/** `isFinal`: the app asked not to be told again. */
export type Answer =
  | { readonly type: 'acknowledged'; readonly body: unknown }
  | { readonly type: 'failed'; readonly reason: string; readonly isFinal?: boolean };

/** Of one delivery, for whoever measures an app. */
export interface Receipt {
  readonly kind: Kind;
  /** A command, a payload's type, or an event's. */
  readonly name: string;
  /** From sending it to its answer; milliseconds. */
  readonly ms: number;
  /** Null when it was acknowledged. */
  readonly failure: string | null;
  readonly attempt: number;
}

/** Source: https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response. */
const ACK_MS = 3000;

/** When events are sent again: at once, in one minute, in five. Source: https://docs.slack.dev/apis/events-api/#retries. */
const RETRIES_MS = [0, 60_000, 300_000];

/** How what happens in Slack gets to the app: to its request URL, or where that is null over its sockets. */
export class Deliveries {
  readonly #clock: Clock;
  readonly #sockets: Sockets;
  readonly #signingSecret: string;
  readonly #faults: () => Faults;
  requestUrl: string | null;
  receipts: Receipt[] = [];

  constructor({
    clock,
    sockets,
    signingSecret,
    faults,
    requestUrl,
  }: {
    readonly clock: Clock;
    readonly sockets: Sockets;
    readonly signingSecret: string;
    readonly faults: () => Faults;
    readonly requestUrl: string | null;
  }) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#signingSecret = signingSecret;
    this.#faults = faults;
    this.requestUrl = requestUrl;
  }

  /** Tells the app of something that somebody did, who waits for the answer. Such a thing is told once. */
  async ask(kind: 'slash_commands' | 'interactive', payload: Delivery['payload']): Promise<Answer> {
    await sleep(this.#faults().deliveryDelayMs);
    const answer = this.#send({ id: randomUUID(), kind, payload });
    for (let again = 0; again < (this.#faults().duplicates[kind] ?? 0); again++)
      void this.#send({ id: randomUUID(), kind, payload });
    return answer;
  }

  /** Tells the app of an event, and again when it does not acknowledge it. */
  tell(payload: Delivery['payload']): void {
    const deliver = async (attempt: number, reason: string): Promise<void> => {
      const answer = await this.#send({
        id: randomUUID(),
        kind: 'events_api',
        payload,
        ...(attempt === 0 ? {} : { retry: { attempt, reason } }),
      });
      const next = RETRIES_MS[attempt];
      if (answer.type === 'failed' && !answer.isFinal && next !== undefined)
        this.#clock.after(next, () => void deliver(attempt + 1, answer.reason));
    };
    this.#clock.after(this.#faults().deliveryDelayMs, () => void deliver(0, ''));
    for (let again = 0; again < (this.#faults().duplicates.events_api ?? 0); again++)
      this.#clock.after(this.#faults().deliveryDelayMs, () => void deliver(RETRIES_MS.length, 'timeout'));
  }

  /**
   * Whether the app's request URL answers as Slack asks before it takes one.
   * Source: https://docs.slack.dev/reference/events/url_verification.
   */
  async verify(token: string): Promise<boolean> {
    const challenge = randomUUID();
    const answer = await this.#send({
      id: randomUUID(),
      kind: 'events_api',
      payload: { token, challenge, type: 'url_verification' },
    });
    if (answer.type === 'failed') return false;
    const { body } = answer as { readonly body: { readonly challenge?: unknown; readonly text?: unknown } };
    return body.challenge === challenge || body.text === challenge;
  }

  async #send(delivery: Delivery): Promise<Answer> {
    const began = performance.now();
    const answer =
      this.requestUrl === null
        ? await this.#sockets.send(delivery, ACK_MS)
        : await post(this.requestUrl, delivery, { secret: this.#signingSecret, ms: ACK_MS });
    this.receipts.push({
      kind: delivery.kind,
      name: nameOf(delivery),
      ms: performance.now() - began,
      failure: answer.type === 'failed' ? answer.reason : null,
      attempt: delivery.retry?.attempt ?? 0,
    });
    return answer;
  }
}

function nameOf({ kind, payload }: Delivery): string {
  if (kind === 'slash_commands') return String(payload.command);
  if (kind === 'interactive') return String(payload.type);
  return String((payload.event as { type?: string } | undefined)?.type ?? payload.type);
}
