import * as z from 'zod/mini';
import type { Block } from '../block-kit/blocks.ts';
import { blockProblems, MESSAGE_BLOCKS, withIds } from '../block-kit/check.ts';
import { secret } from '../ids.ts';
import type { Message } from '../message.ts';
import { Refusal } from '../refusal.ts';
import type { Workspace } from '../workspace.ts';
import type { World } from '../world.ts';

// Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: 5 times within 30 minutes.
const USES = 5;
const LIFE_MS = 30 * 60_000;

export const HOOKS_PATH = '/hooks/';

interface ResponseUrl {
  readonly workspace: Workspace;
  readonly channel: string;
  readonly user: string;
  /** What stands in the channel that somebody acted on; null for a command. */
  readonly message: Message | null;
  readonly threadTs: string | null;
  readonly until: number;
  uses: number;
}

/** What an app may say in answer to what somebody did, by URL or right with its acknowledgement. */
export const Response = z.object({
  text: z._default(z.string(), ''),
  blocks: z._default(z.array(z.unknown()), []),
  response_type: z._default(z.enum(['ephemeral', 'in_channel']), 'ephemeral'),
  replace_original: z._default(z.boolean(), false),
  delete_original: z._default(z.boolean(), false),
  thread_ts: z.optional(z.string()),
});

export class ResponseUrls {
  readonly #world: World;
  readonly #all = new Map<string, ResponseUrl>();

  constructor(world: World) {
    this.#world = world;
  }

  issue(about: Pick<ResponseUrl, 'workspace' | 'channel' | 'user' | 'message' | 'threadTs'>): string {
    const key = `${about.workspace.id}/${secret()}`;
    this.#all.set(key, { ...about, until: this.#world.clock.now() + LIFE_MS, uses: 0 });
    return `${this.#world.url}${HOOKS_PATH}${key}`;
  }

  /**
   * Does what was posted to such a URL.
   * @throws {Refusal} as Slack answers: `used_url`, `expired_url`; `invalid_url` for what is none.
   */
  use(key: string, body: unknown): void {
    const url = this.#all.get(key);
    if (url === undefined) throw new Refusal('invalid_url');
    if (this.#world.clock.now() > url.until) throw new Refusal('expired_url');
    if (url.uses >= USES) throw new Refusal('used_url');
    this.respond(url, body);
    url.uses += 1;
  }

  /** @throws {Refusal} when it says nothing, or has blocks that are wrong. */
  respond({ workspace, channel, user, message, threadTs }: Omit<ResponseUrl, 'until' | 'uses'>, body: unknown): void {
    const parsed = Response.safeParse(body);
    if (!parsed.success) throw new Refusal('invalid_arguments');
    const { text, blocks, response_type, replace_original, delete_original, thread_ts } = parsed.data;
    if (delete_original && message) {
      this.#world.remove(workspace, message);
      return;
    }
    const wrong = blockProblems(blocks, MESSAGE_BLOCKS, '/blocks');
    if (wrong.length > 0)
      throw new Refusal('invalid_blocks', { response_metadata: { messages: wrong.map((one) => `[ERROR] ${one}`) } });
    if (text === '' && blocks.length === 0) throw new Refusal('no_text');
    const drawn = withIds(blocks as readonly Block[], () => secret(3));
    if (replace_original && message) {
      message.text = text;
      message.blocks = drawn;
      this.#world.changed(workspace, { type: 'message', message });
      return;
    }
    if (response_type === 'ephemeral' && this.#world.faults.loseEphemeral) return;
    this.#world.say(workspace, {
      channel,
      user: workspace.installation?.botUserId ?? '',
      botId: workspace.installation?.botId ?? null,
      text,
      blocks: drawn,
      metadata: null,
      threadTs: thread_ts ?? threadTs,
      ephemeralTo: response_type === 'ephemeral' ? user : null,
    });
  }
}
