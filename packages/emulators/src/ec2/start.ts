import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '../clock.ts';
import { Random } from '../sim/random.ts';
import { Blocks } from './blocks.ts';
import { Catalogue } from './catalogue.ts';
import { Control, controlAnswer } from './control.ts';
import { CALM } from './faults.ts';
import { Front, type Reply } from './front.ts';
import { Guard } from './guard.ts';
import { Lifecycle, PACES, type Pace } from './lifecycle.ts';
import { installMoto, Moto } from './moto.ts';
import { fits } from './parameters.ts';
import type { World } from './region.ts';
import { SpotPrices } from './spot-price.ts';

const PREFIX = '/_emulator/';
/** In place of checkip.amazonaws.com: answers with the address that it is asked from. */
const CHECKIP = 'checkip';

export interface Options {
  /** 0, and without it, any that is free. */
  readonly port?: number;
  /** How long things take; without it as quickly as tests want it. */
  readonly pace?: Pace;
  /** Instances with this tag, `NAME=PATTERN` with `*` for any text, never run their user data: a thousand fit on a laptop. */
  readonly hollow?: string;
  /**
   * Where instances find `DASKUP_CACHE`, without it where machines of this computer have it; or `own` for what EC2 does: on a
   * disk of its own, empty but for what its image has there.
   */
  readonly cache?: string | 'own';
  /** Container images that a registry has, each by its reference; a container is a process of this interpreter. */
  readonly containers?: Readonly<Record<string, string>>;
  /** Of all chance. */
  readonly seed?: number;
}

/** An EC2 that runs. */
export interface Ec2 {
  readonly endpoint: string;
  /** What a program is started with to meet it. */
  readonly env: Readonly<Record<string, string>>;
  readonly control: Control;
  /** Ends every instance and forgets all. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in for EC2 on this computer. The first time it installs moto, which takes a minute or two.
 * @throws {Error} when moto cannot be installed, or the port is taken.
 */
export async function startEc2({
  port = 0,
  pace = PACES.quick,
  hollow,
  cache,
  containers = {},
  seed = 1,
}: Options = {}): Promise<Ec2> {
  const folder = await installMoto();
  const catalogue = await Catalogue.read(folder);
  const clock = new Clock();
  const guard = new Guard();
  const random = new Random(seed);
  const registry = join(guard.folder, 'registry');
  const images = Object.entries(containers).map(([reference, interpreter]) => `${reference} ${interpreter}\n`);
  writeFileSync(registry, images.join(''));
  const [tag = '', pattern = ''] = hollow?.split(/=(.*)/s) ?? [];
  const lifecycle = new Lifecycle({
    clock,
    guard,
    cache:
      cache === 'own'
        ? null
        : (cache ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'daskup/environments')),
    registry,
    pace,
    random: () => random.next(),
    isHollow: ({ tags }) => hollow !== undefined && fits(pattern, tags.get(tag) ?? ''),
  });
  const world: World = {
    clock,
    catalogue,
    spot: new SpotPrices(clock.now()),
    faults: structuredClone(CALM),
    quotas: new Map(),
    launched: (region, instance) => lifecycle.launched(region, instance),
    end: (region, instance, reason) => lifecycle.end(region, instance, reason),
    imaged: (instance, imageId) => lifecycle.imaged(instance, imageId),
    console: (instance, latest) => lifecycle.console(instance, latest),
  };
  const blocks = new Blocks();
  const front = new Front(world, new Moto(folder, guard), blocks);
  const control = new Control(front, lifecycle, clock);
  const server = createServer((request, response) => {
    handle(front, control, request)
      .catch((error: unknown) => {
        console.error('The EC2 emulator failed:', error);
        return { status: 500, type: 'text/plain', body: `The emulator failed: ${error}\n` };
      })
      .then((reply) => send(response, reply));
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    await guard.close();
    throw error;
  }
  const bound = server.address();
  const endpoint = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : port}`;
  return {
    endpoint,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAEMULATOR',
      AWS_SECRET_ACCESS_KEY: 'emulator',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      DASKUP_AWS_CHECKIP: `${endpoint}${PREFIX}${CHECKIP}`,
    },
    control,
    close: async () => {
      clock.stop();
      lifecycle.close();
      for (const { publicAddresses } of front.regions.values()) publicAddresses.close();
      server.closeAllConnections();
      server.close();
      await guard.close();
      blocks.close();
    },
  };
}

async function handle(front: Front, control: Control, request: IncomingMessage): Promise<Reply> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const { method = 'GET', url = '/' } = request;
  if (!url.startsWith(PREFIX)) return front.answer(request, body);
  if (url === PREFIX + CHECKIP) return { status: 200, type: 'text/plain', body: `${request.socket.remoteAddress}\n` };
  try {
    const answer = controlAnswer(control, method, url.slice(PREFIX.length), body === '' ? {} : JSON.parse(body));
    return answer === null
      ? { status: 404, type: 'text/plain', body: `There is no ${method} ${url}\n` }
      : { status: 200, type: 'application/json', body: `${JSON.stringify(answer, null, 2)}\n` };
  } catch (error) {
    return { status: 400, type: 'text/plain', body: `${error}\n` };
  }
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}
