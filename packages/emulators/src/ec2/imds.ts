import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { ACCOUNT } from './images.ts';
import type { Instance } from './instance.ts';

/** EC2 gives notice two minutes ahead. Source: EC2 user guide, "Spot Instance interruption notices". */
export const NOTICE_MS = 120_000;

/** The path by which `shutdown` on an instance tells of itself. */
export const SHUTDOWN_PATH = '/_emulator/shutdown';

/**
 * The metadata service of one instance, on its own address. Only version 2 where the instance asks for it.
 * @param onShutdown when the instance shuts itself down.
 */
export function metadataServer(instance: Instance, clock: Clock, onShutdown: () => void): Server {
  const tokens = new Map<string, number>();
  return createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://imds').pathname.replace(/\/+$/, '');
    if (path === SHUTDOWN_PATH) {
      response.end();
      onShutdown();
      return;
    }
    const [status, body] = instance.birth.metadata.enabled
      ? answerTo(instance, clock, request, path, tokens)
      : [403, ''];
    end(response, status, body);
  });
}

function answerTo(
  instance: Instance,
  clock: Clock,
  request: IncomingMessage,
  path: string,
  tokens: Map<string, number>,
): readonly [number, string | Buffer] {
  const { birth } = instance;
  const header = (name: string) => request.headers[`x-aws-ec2-metadata-token${name}`];
  // Source: EC2 user guide, "Use IMDSv2": 1 second to 6 hours; requests through a proxy are refused.
  if (path === '/latest/api/token') {
    if (request.method !== 'PUT') return [405, ''];
    if (request.headers['x-forwarded-for'] !== undefined) return [403, ''];
    const seconds = Number(header('-ttl-seconds'));
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return [400, ''];
    const token = randomBytes(40).toString('base64url');
    tokens.set(token, clock.now() + seconds * 1000);
    return [200, token];
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return [405, ''];
  const token = header('');
  const isKnown = typeof token === 'string' && (tokens.get(token) ?? 0) > clock.now();
  if (!isKnown && (token !== undefined || birth.metadata.tokens === 'required')) return [401, ''];
  if (path === '/latest/user-data') return birth.userData ? [200, birth.userData] : [404, ''];
  if (path === '/latest/dynamic/instance-identity/document') return [200, JSON.stringify(identity(instance))];
  if (!path.startsWith('/latest/meta-data')) return [404, ''];
  return found(metadata(instance), path.slice('/latest/meta-data'.length + 1));
}

/** The value at a path, or the names below it, folders with a slash. */
function found(values: ReadonlyMap<string, string>, path: string): readonly [number, string] {
  const value = values.get(path);
  if (value !== undefined) return [200, value];
  const prefix = path === '' ? '' : `${path}/`;
  const names = [...values.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).replace(/\/.*/, '/'));
  return names.length === 0 ? [404, ''] : [200, [...new Set(names)].join('\n')];
}

function metadata(instance: Instance): ReadonlyMap<string, string> {
  const { birth, noticeAt } = instance;
  const values = new Map([
    ['ami-id', birth.imageId],
    ['ami-launch-index', String(birth.index)],
    ['instance-id', instance.id],
    ['instance-life-cycle', birth.market],
    ['instance-type', birth.type],
    ['local-hostname', `ip-${birth.address.replaceAll('.', '-')}.${birth.region}.compute.internal`],
    ['local-ipv4', birth.address],
    ['placement/availability-zone', birth.zone],
    ['placement/region', birth.region],
    ['reservation-id', birth.reservationId],
    ['services/domain', 'amazonaws.com'],
  ]);
  if (birth.isPublic) values.set('public-ipv4', birth.address);
  if (birth.metadata.tags) for (const [name, value] of instance.tags) values.set(`tags/instance/${name}`, value);
  if (noticeAt !== null) {
    const time = `${new Date(noticeAt + NOTICE_MS).toISOString().slice(0, 19)}Z`;
    values.set('spot/instance-action', JSON.stringify({ action: 'terminate', time }));
    values.set('spot/termination-time', time);
  }
  return values;
}

function identity({ id, birth, launchedAt }: Instance): unknown {
  return {
    accountId: ACCOUNT,
    architecture: birth.architecture,
    availabilityZone: birth.zone,
    imageId: birth.imageId,
    instanceId: id,
    instanceType: birth.type,
    pendingTime: new Date(launchedAt).toISOString(),
    privateIp: birth.address,
    region: birth.region,
    version: '2017-09-30',
  };
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
}
