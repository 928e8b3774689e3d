import { messageJson } from '../message.ts';
import { Refusal } from '../refusal.ts';
import type { Channel } from '../workspace.ts';
import { type Arguments, flag, needed, text } from './arguments.ts';
import type { Bot } from './call.ts';
import { channelOf } from './channels.ts';

// Sources: https://docs.slack.dev/reference/methods/conversations.open, .info, .list, .members, .join, .history, .replies.

const PAGE = 100;

export function open(bot: Bot, args: Arguments) {
  const asked = text(args, 'channel');
  if (asked !== null) return { channel: { id: channelOf(bot, asked).id } };
  const users = (text(args, 'users') ?? '').split(',').filter((user) => user !== '');
  const [user] = users;
  if (user === undefined) throw new Refusal('users_list_not_supplied');
  // Conversations of several are not there.
  if (users.length > 1) throw new Refusal('method_not_supported_for_channel_type');
  if (!bot.workspace.people.has(user)) throw new Refusal('user_not_found');
  return { channel: { id: bot.world.direct(bot.workspace, user).id } };
}

export function join(bot: Bot, args: Arguments) {
  const channel = channelOf(bot, needed(args, 'channel'));
  if (channel.kind === 'im') throw new Refusal('method_not_supported_for_channel_type');
  channel.members.add(bot.installation.botUserId);
  bot.world.changed(bot.workspace, { type: 'workspace' });
  return { channel: channelJson(bot, channel) };
}

export function info(bot: Bot, args: Arguments) {
  return { channel: channelJson(bot, readable(bot, needed(args, 'channel'), 'read')) };
}

export function list(bot: Bot, args: Arguments) {
  const types = (text(args, 'types') ?? 'public_channel').split(',');
  const kinds = { public: 'public_channel', private: 'private_channel', im: 'im' } as const;
  const all = [...bot.workspace.channels.values()].filter(
    ({ kind, members }) =>
      types.includes(kinds[kind]) && (kind === 'public' || members.has(bot.installation.botUserId)),
  );
  const { page, next } = paged(all, args);
  return { channels: page.map((channel) => channelJson(bot, channel)), response_metadata: { next_cursor: next } };
}

export function members(bot: Bot, args: Arguments) {
  const { page, next } = paged([...readable(bot, needed(args, 'channel'), 'read').members], args);
  return { members: page, response_metadata: { next_cursor: next } };
}

export function history(bot: Bot, args: Arguments) {
  const channel = readable(bot, needed(args, 'channel'), 'history');
  if (!channel.members.has(bot.installation.botUserId)) throw new Refusal('not_in_channel');
  return messages(bot, args, channel, (ts, threadTs) => threadTs === null || threadTs === ts, 'newest');
}

export function replies(bot: Bot, args: Arguments) {
  const channel = readable(bot, needed(args, 'channel'), 'history');
  if (!channel.members.has(bot.installation.botUserId)) throw new Refusal('not_in_channel');
  const root = needed(args, 'ts');
  if (!channel.messages.some(({ ts }) => ts === root)) throw new Refusal('thread_not_found');
  return messages(bot, args, channel, (ts, threadTs) => ts === root || threadTs === root, 'oldest');
}

function messages(
  { world, workspace }: Bot,
  args: Arguments,
  channel: Channel,
  isOne: (ts: string, threadTs: string | null) => boolean,
  first: 'newest' | 'oldest',
) {
  const [oldest, latest] = [Number(text(args, 'oldest') ?? 0), Number(text(args, 'latest') ?? Number.MAX_VALUE)];
  const withMetadata = flag(args, 'include_all_metadata');
  const isInclusive = flag(args, 'inclusive');
  const isWithin = (ts: number) => (isInclusive ? ts >= oldest && ts <= latest : ts > oldest && ts < latest);
  const found = channel.messages.filter(
    ({ ts, threadTs, ephemeralTo }) => ephemeralTo === null && isOne(ts, threadTs) && isWithin(Number(ts)),
  );
  const { page, next } = paged(first === 'newest' ? found.toReversed() : found, args);
  return {
    messages: page.map((message) =>
      messageJson(withMetadata ? message : { ...message, metadata: null }, world.app.appId, workspace.id),
    ),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}

/** A kind of channel needs its own scope: `channels:read`, `groups:history`. */
function readable(bot: Bot, asked: string, what: 'read' | 'history'): Channel {
  const channel = channelOf(bot, asked);
  const needs = `${{ public: 'channels', private: 'groups', im: 'im' }[channel.kind]}:${what}`;
  const { scopes } = bot.installation;
  if (!scopes.includes(needs)) throw new Refusal('missing_scope', { needed: needs, provided: scopes.join(',') });
  return channel;
}

function channelJson({ installation, workspace }: Bot, { id, name, kind, members }: Channel) {
  const user = [...members].find((member) => member !== installation.botUserId);
  return {
    id,
    ...(kind === 'im' ? { user } : { name, name_normalized: name, num_members: members.size }),
    is_channel: kind !== 'im',
    is_group: false,
    is_im: kind === 'im',
    is_mpim: false,
    is_private: kind !== 'public',
    is_archived: false,
    is_general: name === 'general',
    is_member: members.has(installation.botUserId),
    context_team_id: workspace.id,
  };
}

function paged<T>(all: readonly T[], args: Arguments): { readonly page: readonly T[]; readonly next: string } {
  const start = Number(Buffer.from(text(args, 'cursor') ?? '', 'base64').toString() || 0);
  const limit = Number(text(args, 'limit') ?? PAGE);
  if (!Number.isInteger(start)) throw new Refusal('invalid_cursor');
  if (!(limit >= 1 && limit <= 1000)) throw new Refusal('invalid_limit');
  const end = start + limit;
  return { page: all.slice(start, end), next: end < all.length ? Buffer.from(String(end)).toString('base64') : '' };
}
