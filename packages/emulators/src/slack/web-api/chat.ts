import type { Block } from '../block-kit/blocks.ts';
import { blockProblems, MESSAGE_BLOCKS, withIds } from '../block-kit/check.ts';
import { secret } from '../ids.ts';
import { type Message, type Metadata, messageJson } from '../message.ts';
import { Refusal } from '../refusal.ts';
import { type Arguments, needed, structured, text } from './arguments.ts';
import type { Bot } from './call.ts';
import { channelOf, channelToWrite } from './channels.ts';

// Sources: https://docs.slack.dev/reference/methods/chat.postMessage, chat.update, chat.delete, chat.postEphemeral.

/** chat.postMessage: longer text is cut; msg_too_long is the error of those that would be. */
const TEXT_CHARACTERS = 40_000;
/** In all blocks of a message. Source: https://github.com/slackapi/bolt-js/issues/2509, by its maintainers. */
const BLOCKS_CHARACTERS = 12_000;

export function postMessage(bot: Bot, args: Arguments) {
  const { world, workspace, installation } = bot;
  const channel = channelToWrite(bot, needed(args, 'channel'));
  const content = contentOf(args);
  const threadTs = text(args, 'thread_ts');
  if (threadTs !== null && !channel.messages.some(({ ts }) => ts === threadTs)) throw new Refusal('thread_not_found');
  world.rates.countPost(workspace.id, channel.id);
  const message = world.say(workspace, {
    channel: channel.id,
    user: installation.botUserId,
    botId: installation.botId,
    ...content,
    metadata: (structured(args, 'metadata', 'invalid_metadata_format') as Metadata | undefined) ?? null,
    threadTs,
    ephemeralTo: null,
  });
  return { channel: channel.id, ts: message.ts, message: messageJson(message, world.app.appId, workspace.id) };
}

export function postEphemeral(bot: Bot, args: Arguments) {
  const { world, workspace, installation } = bot;
  const channel = channelToWrite(bot, needed(args, 'channel'));
  const user = needed(args, 'user');
  if (!channel.members.has(user)) throw new Refusal('user_not_in_channel');
  const content = contentOf(args);
  if (world.faults.loseEphemeral) return { message_ts: world.timestamp() };
  const message = world.say(workspace, {
    channel: channel.id,
    user: installation.botUserId,
    botId: installation.botId,
    ...content,
    metadata: null,
    threadTs: text(args, 'thread_ts'),
    ephemeralTo: user,
  });
  return { message_ts: message.ts };
}

export function update(bot: Bot, args: Arguments) {
  const { world, workspace } = bot;
  const message = ownMessage(bot, args, 'cant_update_message');
  const { text: said, blocks } = contentOf(args, message);
  const metadata = structured(args, 'metadata', 'invalid_metadata_format') as Metadata | undefined;
  message.text = said;
  message.blocks = blocks;
  if (metadata !== undefined) message.metadata = metadata;
  // "If blocks are used …, the edited flag will not be displayed" (chat.update, "blocks").
  if (blocks.length === 0) message.edited = world.timestamp();
  world.changed(workspace, { type: 'message', message });
  return {
    channel: message.channel,
    ts: message.ts,
    text: message.text,
    message: messageJson(message, world.app.appId, workspace.id),
  };
}

export function remove(bot: Bot, args: Arguments) {
  const message = ownMessage(bot, args, 'cant_delete_message');
  bot.world.remove(bot.workspace, message);
  return { channel: message.channel, ts: message.ts };
}

/** Ephemeral ones cannot be found. */
function ownMessage(bot: Bot, args: Arguments, code: string): Message {
  const channel = channelOf(bot, needed(args, 'channel'));
  const ts = needed(args, 'ts');
  const message = channel.messages.find((one) => one.ts === ts && one.ephemeralTo === null);
  if (!message) throw new Refusal('message_not_found');
  if (message.botId !== bot.installation.botId) throw new Refusal(code);
  return message;
}

/**
 * What a message is to say. One that is updated keeps its blocks when only they are missing, and loses them when text
 * comes alone (chat.update, "blocks").
 */
function contentOf(args: Arguments, before?: Message): { readonly text: string; readonly blocks: readonly Block[] } {
  const said = text(args, 'text');
  const blocks = structured(args, 'blocks', 'invalid_blocks_format');
  if (blocks !== undefined && !Array.isArray(blocks)) throw new Refusal('invalid_blocks_format');
  if (said === null && (blocks === undefined || blocks.length === 0)) throw new Refusal('no_text');
  if ((said?.length ?? 0) > TEXT_CHARACTERS) throw new Refusal('msg_too_long');
  const wrong = blockProblems(blocks ?? [], MESSAGE_BLOCKS, '/blocks');
  if (wrong.length > 0)
    throw new Refusal('invalid_blocks', {
      errors: wrong,
      response_metadata: { messages: wrong.map((one) => `[ERROR] ${one}`) },
    });
  if (charactersIn(blocks) > BLOCKS_CHARACTERS) throw new Refusal('msg_blocks_too_long');
  return {
    text: said ?? before?.text ?? '',
    blocks: withIds((blocks ?? []) as readonly Block[], () => secret(3)),
  };
}

function charactersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, one]) => sum + (key === 'text' && typeof one === 'string' ? one.length : charactersIn(one)),
    0,
  );
}
