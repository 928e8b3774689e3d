import { Refusal } from '../refusal.ts';
import type { World } from '../world.ts';
import { type Arguments, flag, text } from './arguments.ts';
import type { Bot } from './call.ts';

// Sources: https://docs.slack.dev/reference/methods/auth.test, auth.revoke, oauth.v2.access, apps.connections.open.

export function test({ world, workspace, installation }: Bot) {
  return {
    url: `https://${workspace.domain}.slack.com/`,
    team: workspace.name,
    user: world.app.manifest.features.bot_user.display_name,
    team_id: workspace.id,
    user_id: installation.botUserId,
    bot_id: installation.botId,
    is_enterprise_install: false,
  };
}

/** "If the app has no other tokens, it is uninstalled": it never has another here. */
export function revoke({ world, workspace }: Bot, args: Arguments) {
  if (flag(args, 'test')) return { revoked: false };
  world.uninstall(workspace);
  return { revoked: true };
}

export function oauthAccess(world: World, args: Arguments) {
  const { appId, clientId, clientSecret } = world.app;
  if (args.client === null || args.client.id !== clientId) throw new Refusal('invalid_client_id');
  if (args.client.secret !== clientSecret) throw new Refusal('bad_client_secret');
  const grant = world.grants.take(text(args, 'code') ?? '', text(args, 'redirect_uri'));
  const { botToken, botUserId, scopes } = world.install(grant.workspace, grant.user, grant.scopes);
  return {
    access_token: botToken,
    token_type: 'bot',
    scope: scopes.join(','),
    bot_user_id: botUserId,
    app_id: appId,
    team: { name: grant.workspace.name, id: grant.workspace.id },
    enterprise: null,
    is_enterprise_install: false,
    authed_user: { id: grant.user },
  };
}

export function connectionsOpen(world: World) {
  // Source: apps.connections.open, "Errors": it was not turned on in the app's settings.
  if (world.deliveries.requestUrl !== null) throw new Refusal('socket_mode_not_enabled');
  return { url: world.url.replace('http', 'ws') + world.sockets.ticket() };
}
