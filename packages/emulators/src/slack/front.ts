import type { IncomingMessage, ServerResponse } from 'node:http';
import { AUTHORIZE_PATH, authorize } from './app/authorize.ts';
import { HOOKS_PATH } from './app/response-urls.ts';
import { CLIENT_PATH, type ClientRoutes } from './client/routes.ts';
import { type Control, controlAnswer } from './control.ts';
import { pageFile } from './page-files.ts';
import { Refusal } from './refusal.ts';
import { argumentsOf } from './web-api/arguments.ts';
import type { Reply, WebApi } from './web-api/call.ts';
import type { World } from './world.ts';

const API_PATH = '/api/';
const CONTROL_PATH = '/_emulator/';
const BODY_BYTES = 1_000_000;

/** All that is at one port: the Web API, what it links to, the page, and the owner's control. */
export class Front {
  readonly #world: World;
  readonly #api: WebApi;
  readonly #control: Control;
  readonly #client: ClientRoutes;
  readonly #redirectUrls: readonly string[];

  constructor(parts: {
    readonly world: World;
    readonly api: WebApi;
    readonly control: Control;
    readonly client: ClientRoutes;
    readonly redirectUrls: readonly string[];
  }) {
    this.#world = parts.world;
    this.#api = parts.api;
    this.#control = parts.control;
    this.#client = parts.client;
    this.#redirectUrls = parts.redirectUrls;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = new URL(request.url ?? '/', 'http://slack');
    const path = url.pathname;
    const body = await bodyOf(request);
    if (body === null) return send(response, 413, {}, 'Too large\n');
    if (path.startsWith(API_PATH)) return this.#webApi(request, response, path.slice(API_PATH.length), body);
    if (path.startsWith(HOOKS_PATH)) return this.#hook(response, path.slice(HOOKS_PATH.length), body);
    if (path === AUTHORIZE_PATH) {
      const form = method === 'POST' ? new URLSearchParams(body) : null;
      const reply = authorize(this.#world, this.#redirectUrls, url, form);
      return send(response, reply.status, reply.headers, reply.body);
    }
    if (path === '/healthz') return send(response, 200, {}, 'ok\n');
    if (path.startsWith(CLIENT_PATH) || path.startsWith(CONTROL_PATH))
      return this.#own(request, response, method, url, body);
    const file = method === 'GET' ? await pageFile(path) : null;
    if (file) return send(response, 200, file.headers, file.body);
    return send(response, 404, {}, `There is no ${method} ${path}\n`);
  }

  async #webApi(request: IncomingMessage, response: ServerResponse, name: string, body: string): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#api.answer(name, argumentsOf(request, body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply = { status: 200, body: { ok: false, error: error.code } };
    }
    json(response, reply.status, reply.body, reply.headers);
  }

  #hook(response: ServerResponse, key: string, body: string): void {
    try {
      this.#world.responseUrls.use(key, JSON.parse(body));
      json(response, 200, { ok: true });
    } catch (error) {
      if (error instanceof SyntaxError) json(response, 400, { ok: false, error: 'invalid_payload' });
      else if (error instanceof Refusal)
        json(response, error.code.endsWith('_url') ? 404 : 400, { ok: false, error: error.code, ...error.more });
      else throw error;
    }
  }

  /** The page's routes and the owner's; for nobody whom a page of elsewhere sends. */
  async #own(
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    url: URL,
    body: string,
  ): Promise<void> {
    const { origin, host } = request.headers;
    if (origin !== undefined && URL.parse(origin)?.host !== host)
      return send(response, 403, {}, 'Another page may not ask this\n');
    if (method === 'POST' && !request.headers['content-type']?.includes('application/json'))
      return send(response, 415, {}, 'This takes JSON\n');
    const path = url.pathname.slice(CLIENT_PATH.length);
    try {
      if (url.pathname.startsWith(CLIENT_PATH) && path.endsWith('/feed')) return this.#client.feed(path, response);
      const given: unknown = body === '' ? {} : JSON.parse(body);
      const answer = url.pathname.startsWith(CLIENT_PATH)
        ? await this.#client.answer(method, path, given)
        : controlAnswer(this.#control, method, url, given);
      if (answer === null) return send(response, 404, {}, `There is no ${method} ${url.pathname}\n`);
      json(response, 200, answer);
    } catch (error) {
      send(response, 400, {}, `${error}\n`);
    }
  }
}

/** Null when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, { ...headers, 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(body));
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      ...headers,
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}
