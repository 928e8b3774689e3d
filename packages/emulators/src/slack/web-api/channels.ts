import { Refusal } from '../refusal.ts';
import type { Channel } from '../workspace.ts';
import type { Bot } from './call.ts';

/**
 * The channel that an app means: an id, a name with or without #, or a person whom it writes to directly.
 * A private one that the app is not in is as if it were not there.
 * @throws {Refusal} channel_not_found.
 */
export function channelOf({ world, workspace, installation }: Bot, asked: string): Channel {
  if (workspace.people.has(asked)) return world.direct(workspace, asked);
  const name = asked.replace(/^#/, '');
  const found =
    workspace.channels.get(asked) ??
    [...workspace.channels.values()].find((channel) => channel.kind !== 'im' && channel.name === name);
  if (!found || (found.kind !== 'public' && !found.members.has(installation.botUserId)))
    throw new Refusal('channel_not_found');
  return found;
}

/**
 * The same, where the app may write. Source: https://docs.slack.dev/reference/scopes/chat.write.public.
 * @throws {Refusal} channel_not_found, not_in_channel.
 */
export function channelToWrite(bot: Bot, asked: string): Channel {
  const channel = channelOf(bot, asked);
  const { botUserId, scopes } = bot.installation;
  if (!channel.members.has(botUserId) && !scopes.includes('chat:write.public')) throw new Refusal('not_in_channel');
  return channel;
}
