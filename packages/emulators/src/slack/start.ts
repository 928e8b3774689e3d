import { once } from 'node:events';
import { createServer } from 'node:http';
import type { z } from 'zod/mini';
import { AUTHORIZE_PATH } from './app/authorize.ts';
import { Manifest, PLAIN } from './app/manifest.ts';
import { SOCKET_PATH } from './app/socket.ts';
import { ClientRoutes } from './client/routes.ts';
import { Control } from './control.ts';
import { Front } from './front.ts';
import { SEED, type Seed } from './seed.ts';
import { WebApi } from './web-api/call.ts';
import { World } from './world.ts';

export type { Seed } from './seed.ts';

export interface Options {
  /** 0, and without it, any that is free. */
  readonly port?: number;
  /** Without it 127.0.0.1: whoever reaches it is everybody in these workspaces. */
  readonly host?: string;
  /** What the app is; without it one that may do all that is here. */
  readonly manifest?: z.input<typeof Manifest>;
  /** Where the app takes requests; null, and without it, over Socket Mode. */
  readonly requestUrl?: string | null;
  /** Where OAuth may lead back to; without it those of the manifest. */
  readonly redirectUrls?: readonly string[];
  readonly workspaces?: readonly Seed[];
  /** Lines that the page offers to try. */
  readonly suggestions?: readonly string[];
}

/** A Slack that runs. */
export interface Slack {
  /** Of the page. */
  readonly url: string;
  /** What a program is started with to meet it; its bot token is for the first workspace. */
  readonly env: Readonly<Record<string, string>>;
  readonly control: Control;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for Slack on this computer, with one app.
 * @throws {Error} when the port is taken, or the manifest is none.
 */
export async function startSlack({
  port = 0,
  host = '127.0.0.1',
  manifest = PLAIN,
  requestUrl = null,
  redirectUrls,
  workspaces = [SEED],
  suggestions,
}: Options = {}): Promise<Slack> {
  const parsed = Manifest.parse(manifest);
  const world = new World(parsed, requestUrl);
  for (const seed of workspaces) world.settle(seed);
  const api = new WebApi(world);
  const control = new Control(world, api);
  const client = new ClientRoutes(world, control, suggestions ?? suggested(parsed));
  const front = new Front({
    world,
    api,
    control,
    client,
    redirectUrls: redirectUrls ?? parsed.oauth_config.redirect_urls,
  });
  const server = createServer((request, response) => {
    front.answer(request, response).catch((error: unknown) => {
      console.error('The Slack emulator failed:', error);
      if (!response.headersSent) response.writeHead(500);
      response.end(`The emulator failed: ${error}\n`);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith(SOCKET_PATH)) void world.sockets.upgrade(request, socket, head);
    else socket.destroy();
  });
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  world.url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${typeof bound === 'object' && bound ? bound.port : port}`;
  const { signingSecret, appToken, clientId, clientSecret } = world.app;
  const installation = control.workspaces()[0]?.installation;
  return {
    url: world.url,
    env: {
      SLACK_API_URL: `${world.url}/api/`,
      SLACK_AUTHORIZE_URL: `${world.url}${AUTHORIZE_PATH}`,
      SLACK_SIGNING_SECRET: signingSecret,
      SLACK_APP_TOKEN: appToken,
      SLACK_CLIENT_ID: clientId,
      SLACK_CLIENT_SECRET: clientSecret,
      ...(installation ? { SLACK_BOT_TOKEN: installation.botToken } : {}),
    },
    control,
    close: async () => {
      world.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function suggested(manifest: Manifest): readonly string[] {
  return manifest.features.slash_commands.flatMap(({ command, usage_hint }) => [
    `${command} ${usage_hint}`.trim(),
    command,
    `${command} help`,
  ]);
}
