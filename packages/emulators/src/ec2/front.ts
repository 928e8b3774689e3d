import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { REGIONS } from '@daskup/core/spec/regions';
import type { Blocks } from './blocks.ts';
import { call } from './ec2.ts';
import type { Moto } from './moto.ts';
import { Network } from './network.ts';
import { pricing } from './pricing.ts';
import { parse } from './query.ts';
import { Refusal } from './refusal.ts';
import { Region, type World } from './region.ts';
import { THROTTLED } from './rules.ts';
import { serviceQuotas } from './service-quotas.ts';
import { ssm } from './ssm.ts';
import { ec2Error } from './xml.ts';

/** A request older or newer than this is refused. Source: "Signature Version 4": 5 minutes. */
const SKEW_MS = 300_000;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Counts of calls: by region, and by action within. */
export type Calls = Record<string, Record<string, number>>;

/** All of AWS that is here: whoever asks, for which region and service, and who answers. */
export class Front {
  readonly world: World;
  /** Those that were ever asked. */
  readonly regions = new Map<string, Region>();
  readonly #opening = new Map<string, Promise<Region>>();
  readonly #moto: Moto;
  readonly #blocks: Blocks;
  calls: Calls = {};
  throttled: Calls = {};

  constructor(world: World, moto: Moto, blocks: Blocks) {
    this.world = world;
    this.#moto = moto;
    this.#blocks = blocks;
  }

  /** @throws {Error} when moto, which knows the rest, does not answer. */
  async answer(request: IncomingMessage, body: string): Promise<Reply> {
    const requestId = randomUUID();
    const scope = /Credential=([^/\s]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
      request.headers.authorization ?? '',
    );
    const [, , regionName = '', service = ''] = scope ?? [];
    const target = request.headers['x-amz-target'];
    const operation = typeof target === 'string' ? target.split('.').at(-1) : undefined;
    try {
      if (!scope) throw new Refusal('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      checkTime(request);
      if (!(REGIONS.aws as readonly string[]).includes(regionName))
        throw new Refusal('AuthFailure', `There is no region ${regionName}`, 401);
      const region = await this.#region(regionName);
      // Whoever asks has given up by the time that this ends.
      if (this.world.faults.silentRegions.includes(regionName)) await new Promise(() => {});
      if (service === 'ec2') return await this.#ec2(region, request, body, requestId);
      const action = `${service}:${operation ?? new URLSearchParams(body).get('Action') ?? request.method}`;
      this.calls = oneMore(this.calls, regionName, action);
      const refused = this.world.faults.refused[action];
      if (refused !== undefined) throw new Refusal(refused, `${refused}: ${action}`, 403);
      const answer = operation === undefined ? null : await this.#json(region, service, operation, body);
      if (answer !== null) return { status: 200, type: 'application/x-amz-json-1.1', body: JSON.stringify(answer) };
      const {
        status,
        headers,
        body: text,
      } = await this.#moto.ask(region.block, request.method ?? 'POST', request.url ?? '/', request.headers, body);
      return { status, type: headers['content-type'] ?? 'text/plain', body: text };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, status } = error;
      return operation === undefined
        ? { status, type: 'text/xml;charset=UTF-8', body: ec2Error(code, message, requestId) }
        : { status, type: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: code, message }) };
    }
  }

  #region(name: string): Promise<Region> {
    const region = this.#opening.get(name) ?? this.#open(name);
    this.#opening.set(name, region);
    return region;
  }

  async #open(name: string): Promise<Region> {
    const block = await this.#blocks.take();
    const ask = (action: string, service: 'ec2' | 'iam' = 'ec2') =>
      this.#moto.ask(block, 'POST', '/', headersFor(name, service), `Action=${action}&Version=${VERSIONS[service]}`);
    const region = new Region(name, block, this.world, new Network(ask));
    this.regions.set(name, region);
    return region;
  }

  async #ec2(region: Region, request: IncomingMessage, body: string, requestId: string): Promise<Reply> {
    const parameters = parse(request.method === 'GET' ? (request.url ?? '').replace(/^[^?]*\??/, '') : body);
    const { Action: action } = parameters;
    if (typeof action !== 'string') throw new Refusal('MissingAction', 'The request must contain the parameter Action');
    this.calls = oneMore(this.calls, region.name, action);
    const askMoto = () =>
      this.#moto.ask(region.block, request.method ?? 'POST', request.url ?? '/', request.headers, body);
    const answer = await call(region, parameters, requestId, askMoto).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === THROTTLED)
        this.throttled = oneMore(this.throttled, region.name, action);
      throw error;
    });
    return { ...answer, type: 'text/xml;charset=UTF-8' };
  }

  /** Services that speak JSON; null for what moto is to answer. */
  async #json(region: Region, service: string, operation: string, body: string): Promise<unknown> {
    const asked: unknown = JSON.parse(body || '{}');
    if (service === 'ssm') return ssm(region, operation, asked);
    if (service === 'servicequotas') return serviceQuotas(region, operation, asked);
    if (service === 'pricing') return pricing(this.world.catalogue, operation, asked);
    return null;
  }
}

function oneMore(calls: Calls, region: string, action: string): Calls {
  const counts = calls[region];
  return { ...calls, [region]: { ...counts, [action]: (counts?.[action] ?? 0) + 1 } };
}

/** Source: EC2 API reference, "Error codes": RequestExpired. The real time: a test's clock does not move its users'. */
function checkTime(request: IncomingMessage): void {
  const date = request.headers['x-amz-date'];
  if (typeof date !== 'string') return;
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(time - Date.now()) <= SKEW_MS))
    throw new Refusal('RequestExpired', `Request has expired. Timestamp date is ${new Date(time).toISOString()}.`);
}

const VERSIONS = { ec2: '2016-11-15', iam: '2010-05-08' } as const;

function headersFor(region: string, service: 'ec2' | 'iam'): Record<string, string> {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=emulator/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    'content-type': 'application/x-www-form-urlencoded',
    host: `${service}.${region}.amazonaws.com`,
  };
}
