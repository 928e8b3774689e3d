import type { Tier } from '../rates.ts';
import type { World } from '../world.ts';
import type { Arguments } from './arguments.ts';
import { connectionsOpen, oauthAccess, revoke, test } from './auth.ts';
import type { Method } from './call.ts';
import { postEphemeral, postMessage, remove, update } from './chat.ts';
import { history, info, join, list, members, open, replies } from './conversations.ts';
import { groupMembers, groups, userInfo } from './people.ts';
import { openView, publish, push, updateView } from './views.ts';

/** With the app's own token, or with none. */
interface Other<Type extends 'app' | 'open'> {
  readonly type: Type;
  readonly tier: Tier | null;
  readonly run: (world: World, args: Arguments) => Readonly<Record<string, unknown>>;
}

const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];

/** Tier and scopes of each: its page under https://docs.slack.dev/reference/methods. */
export const METHODS: Readonly<Record<string, (Method & { readonly type: 'bot' }) | Other<'app'> | Other<'open'>>> = {
  'api.test': { type: 'open', tier: null, run: () => ({}) },
  'oauth.v2.access': { type: 'open', tier: null, run: oauthAccess },
  'apps.connections.open': { type: 'app', tier: 1, run: connectionsOpen },
  'auth.test': { type: 'bot', tier: null, scopes: [], run: test },
  'auth.revoke': { type: 'bot', tier: 3, scopes: [], run: revoke },
  'chat.postMessage': { type: 'bot', tier: 'posts', scopes: ['chat:write'], run: postMessage },
  'chat.postEphemeral': { type: 'bot', tier: 4, scopes: ['chat:write'], run: postEphemeral },
  'chat.update': { type: 'bot', tier: 3, scopes: ['chat:write'], run: update },
  'chat.delete': { type: 'bot', tier: 3, scopes: ['chat:write'], run: remove },
  'conversations.open': { type: 'bot', tier: 3, scopes: ['im:write', 'mpim:write'], run: open },
  'conversations.join': { type: 'bot', tier: 3, scopes: ['channels:join'], run: join },
  'conversations.info': { type: 'bot', tier: 3, scopes: READ, run: info },
  'conversations.list': { type: 'bot', tier: 2, scopes: READ, run: list },
  'conversations.members': { type: 'bot', tier: 4, scopes: READ, run: members },
  'conversations.history': { type: 'bot', tier: 3, scopes: HISTORY, run: history },
  'conversations.replies': { type: 'bot', tier: 3, scopes: HISTORY, run: replies },
  'users.info': { type: 'bot', tier: 4, scopes: ['users:read'], run: userInfo },
  'usergroups.list': { type: 'bot', tier: 2, scopes: ['usergroups:read'], run: groups },
  'usergroups.users.list': { type: 'bot', tier: 2, scopes: ['usergroups:read'], run: groupMembers },
  'views.open': { type: 'bot', tier: 4, scopes: [], run: openView },
  'views.push': { type: 'bot', tier: 4, scopes: [], run: push },
  'views.update': { type: 'bot', tier: 4, scopes: [], run: updateView },
  'views.publish': { type: 'bot', tier: 4, scopes: [], run: publish },
};
