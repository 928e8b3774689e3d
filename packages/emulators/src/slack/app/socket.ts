import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { secret } from '../ids.ts';
import type { Answer, Delivery } from './delivery.ts';

// Socket Mode. Source: https://docs.slack.dev/apis/events-api/using-socket-mode.

export const SOCKET_PATH = '/link/';
/** A client ends a connection that is silent for long. */
const PING_MS = 10_000;

/** The app's connections. */
export class Sockets {
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #appId: string;
  readonly #tickets = new Set<string>();
  /** Those that take deliveries, the next one first. */
  #open: WebSocket[] = [];
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #pings: NodeJS.Timeout;

  constructor(appId: string) {
    this.#appId = appId;
    this.#pings = setInterval(() => {
      for (const socket of this.#server.clients) socket.ping();
    }, PING_MS);
    this.#pings.unref();
  }

  get count(): number {
    return this.#open.length;
  }

  /** The path of a connection to come, good for one. */
  ticket(): string {
    const ticket = secret();
    this.#tickets.add(ticket);
    return `${SOCKET_PATH}?ticket=${ticket}&app_id=${this.#appId}`;
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const ticket = new URL(request.url ?? '/', 'http://x').searchParams.get('ticket') ?? '';
    if (!this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (connection) => this.#welcome(connection));
  }

  /** Sends it over one of the connections and waits for its acknowledgement. */
  async send({ id, kind, payload, retry }: Delivery, ms: number): Promise<Answer> {
    const socket = this.#open.shift();
    if (!socket) return { type: 'failed', reason: 'connection_failed' };
    this.#open.push(socket);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => resolve({ type: 'failed', reason: 'timeout' }), ms);
    const gone = () => resolve({ type: 'failed', reason: 'connection_failed' });
    socket.once('close', gone);
    this.#waiting.set(id, resolve);
    socket.send(
      JSON.stringify({
        envelope_id: id,
        type: kind,
        payload,
        accepts_response_payload: kind !== 'events_api',
        ...(kind === 'events_api' ? { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' } : {}),
      }),
    );
    const answer = await promise;
    clearTimeout(timer);
    socket.off('close', gone);
    this.#waiting.delete(id);
    return answer;
  }

  /**
   * Slack wants the app to connect anew: each connection is told why, takes nothing more and is closed when the app has
   * not left by itself.
   */
  disconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled', graceMs = 2000): void {
    const leaving = reason === 'warning' ? [] : this.#open;
    for (const socket of this.#open)
      socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'emulator' } }));
    if (reason !== 'warning') this.#open = [];
    for (const socket of leaving) setTimeout(() => socket.close(), graceMs).unref();
  }

  /** All connections break at once, with no word. */
  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  close(): void {
    clearInterval(this.#pings);
    this.cut();
    this.#server.close();
  }

  #welcome(socket: WebSocket): void {
    this.#open.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => this.#acknowledged(String(data)));
    void once(socket, 'close').then(() => {
      this.#open = this.#open.filter((one) => one !== socket);
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#open.length,
        connection_info: { app_id: this.#appId },
        debug_info: { host: 'emulator', build_number: 1, approximate_connection_time: 18_060 },
      }),
    );
  }

  #acknowledged(text: string): void {
    let said: { envelope_id?: string; payload?: unknown };
    try {
      said = JSON.parse(text);
    } catch {
      return;
    }
    this.#waiting.get(said.envelope_id ?? '')?.({ type: 'acknowledged', body: said.payload ?? {} });
  }
}
