import type { Block } from './block-kit/blocks.ts';

/** What is in a channel: said by a person or by the app. */
export interface Message {
  readonly ts: string;
  readonly channel: string;
  /** Who said it. Slackbot says what Slack itself has to say. */
  readonly user: string;
  /** Said by the app. */
  readonly botId: string | null;
  text: string;
  blocks: readonly Block[];
  metadata: Metadata | null;
  readonly threadTs: string | null;
  /** Only this person sees it, and the API cannot find it again. */
  readonly ephemeralTo: string | null;
  edited: string | null;
}

export interface Metadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, unknown>>;
}

/** As the Web API shows it. */
export function messageJson(message: Message, appId: string, teamId: string): Record<string, unknown> {
  return {
    type: 'message',
    ...(message.botId === null ? {} : { subtype: 'bot_message', bot_id: message.botId, app_id: appId }),
    user: message.user,
    ts: message.ts,
    team: teamId,
    text: message.text,
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }),
    ...(message.metadata === null ? {} : { metadata: message.metadata }),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.edited === null ? {} : { edited: { user: message.user, ts: message.edited } }),
  };
}
