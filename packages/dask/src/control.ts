import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { SchedulerControl } from '@daskup/core/observe/scheduler';
import { type Credentials, reachableAt, type SchedulerEndpoint } from '@daskup/core/provision/provider';
import { isCode } from '@daskup/core/system-error';
import * as z from 'zod/mini';
import { SCHEDULER_NAME } from './certificates.ts';

const TIMEOUT_MS = 5_000;
/** For how long, and how often, it is tried whether a scheduler has come up: to be refused costs next to nothing. */
const KNOCK_MS = 2_000;
const KNOCK_EVERY_MS = 20;
/** A cluster that has not been spoken to for this long is over, or will be connected to anew; milliseconds. */
const FORGET_MS = 5 * 60_000;

const Status = z.object({
  workers: z.array(z.object({ name: z.string(), leaving: z.boolean(), processing: z.number(), bytes: z.number() })),
  clients: z.number(),
  idleSeconds: z.nullable(z.number()),
  adaptiveTarget: z.number(),
  // A scheduler of an older daskup does not tell.
  taken: z._default(z.record(z.string(), z.number()), {}),
  tasks: z.record(z.string(), z.number()),
});

const Logs = z.object({ logs: z.record(z.string(), z.string()) });

interface Line {
  readonly agent: Agent;
  /** Milliseconds since 1970, UTC. */
  usedAt: number;
}

/** Speaks to the control ports of any number of clusters, over one kept connection each. */
export class ControlPort implements SchedulerControl {
  /** By their cluster's authority. */
  readonly #lines = new Map<string, Line>();

  async status(endpoint: SchedulerEndpoint, credentials: Credentials, expiresAt: number) {
    return Status.parse(await this.#post(endpoint, credentials, '/status', { expires_at: expiresAt }));
  }

  async change(endpoint: SchedulerEndpoint, credentials: Credentials, workers: number | null) {
    const until = Date.now() + KNOCK_MS;
    while (true) {
      try {
        await this.#post(endpoint, credentials, '/change', { workers });
        return;
      } catch (error) {
        if (!isCode(error, 'ECONNREFUSED') || Date.now() > until) throw error;
        await delay(KNOCK_EVERY_MS);
      }
    }
  }

  async logs(endpoint: SchedulerEndpoint, credentials: Credentials, names: readonly string[]) {
    const { logs } = Logs.parse(await this.#post(endpoint, credentials, '/logs', { names }));
    return new Map(Object.entries(logs));
  }

  async retire(endpoint: SchedulerEndpoint, credentials: Credentials, names: readonly string[]) {
    await this.#post(endpoint, credentials, '/retire', { names });
  }

  close(): void {
    for (const { agent } of this.#lines.values()) agent.destroy();
    this.#lines.clear();
  }

  #agent(credentials: Credentials): Agent {
    const now = Date.now();
    const line = this.#lines.get(credentials.ca.cert) ?? this.#newLine(credentials, now);
    line.usedAt = now;
    return line.agent;
  }

  /** Also forgets the clusters that are over: their keys and connections go with them. */
  #newLine(credentials: Credentials, now: number): Line {
    for (const [authority, { agent, usedAt }] of this.#lines) {
      if (now - usedAt < FORGET_MS) continue;
      agent.destroy();
      this.#lines.delete(authority);
    }
    const { cert, key } = credentials.client;
    const agent = new Agent({
      // Made once: until a scheduler is up, every attempt would else read the certificates anew.
      secureContext: createSecureContext({ ca: credentials.ca.cert, cert, key }),
      keepAlive: true,
      maxSockets: 3,
      timeout: TIMEOUT_MS,
    });
    const line = { agent, usedAt: now };
    this.#lines.set(credentials.ca.cert, line);
    return line;
  }

  #post(endpoint: SchedulerEndpoint, credentials: Credentials, path: string, body: object): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const text = JSON.stringify(body);
    const call = request(
      {
        host: reachableAt(endpoint),
        port: endpoint.controlPort,
        path,
        method: 'POST',
        agent: this.#agent(credentials),
        servername: SCHEDULER_NAME,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          answer += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode !== 200)
            return reject(new Error(`the scheduler answered ${response.statusCode} to ${path}`));
          try {
            resolve(JSON.parse(answer));
          } catch {
            reject(new Error(`the scheduler's answer to ${path} was cut off`));
          }
        });
      },
    );
    call.on('error', reject);
    call.end(text);
    return promise;
  }
}
