import * as z from 'zod/mini';
import type { Answer } from '../app/delivery.ts';
import { type Block, elementsOf } from '../block-kit/blocks.ts';
import type { Element } from '../block-kit/elements.ts';
import { type Message, messageJson } from '../message.ts';
import { Refusal } from '../refusal.ts';
import type { View } from '../view.ts';
import type { Bot } from '../web-api/call.ts';
import { checkedView, pushed, replaced, setModals } from '../web-api/views.ts';
import { type Channel, type Person, SLACKBOT, type Workspace } from '../workspace.ts';
import type { World } from '../world.ts';
import { type Entries, type Entry, inputErrors, stateOf, stateOfElement } from './values.ts';

/** How what somebody did came out for them. */
export type Outcome =
  | { readonly ok: true }
  /** `fields`: by block of a modal. */
  | { readonly ok: false; readonly error: string; readonly fields?: Readonly<Record<string, string>> };

const DONE: Outcome = { ok: true };

/** What somebody acts on: an element of a message or a view. */
export interface Press {
  readonly on: { readonly channel: string; readonly ts: string } | { readonly view: string };
  readonly action: string;
  /** Needed where two blocks have the same action. */
  readonly block?: string;
  /** What was chosen or typed; a button needs none. */
  readonly entry?: Entry;
  /** What stands in the other elements there. */
  readonly entries?: Entries;
  /** What they still saw when they pressed it, where that is older than what is there. */
  readonly seen?: readonly Block[];
}

/** What an app answers to a submitted modal. Source: https://docs.slack.dev/surfaces/modals#response_actions. */
const SubmitAnswer = z.object({
  response_action: z.optional(z.enum(['errors', 'update', 'push', 'clear'])),
  errors: z.optional(z.record(z.string(), z.string())),
  view: z.optional(z.unknown()),
});

const TROUBLE = 'We had some trouble connecting. Try again?';

/** One person at Slack, with all that they can do. */
export class Seat {
  readonly #world: World;
  readonly workspace: Workspace;
  readonly person: Person;

  constructor(world: World, workspace: Workspace, person: Person) {
    this.#world = world;
    this.workspace = workspace;
    this.person = person;
  }

  /** The channels that this person sees. */
  channels(): readonly Channel[] {
    return [...this.workspace.channels.values()].filter(({ members }) => members.has(this.person.id));
  }

  /** What this person sees in a channel, by its name or id. */
  messages(channel: string): readonly Message[] {
    return this.#channel(channel).messages.filter((message) => this.sees(message));
  }

  sees({ channel, ephemeralTo }: Message): boolean {
    const isIn = this.workspace.channels.get(channel)?.members.has(this.person.id) ?? false;
    return isIn && (ephemeralTo === null || ephemeralTo === this.person.id);
  }

  /** What stands open before this person: the last is on top. */
  modals(): readonly View[] {
    return this.workspace.modals.get(this.person.id) ?? [];
  }

  home(): View | null {
    return this.workspace.homes.get(this.person.id) ?? null;
  }

  /** Types a line into a channel and sends it: a command, or something said. */
  async say(channel: string, text: string, threadTs: string | null = null): Promise<Outcome> {
    const where = this.#channel(channel);
    const [, command, rest = ''] = /^(\/\S+)\s*(.*)$/s.exec(text) ?? [];
    if (command === '/invite') return this.#invite(where, rest);
    if (command !== undefined) return this.#command(where, command, rest, threadTs);
    const { ts } = this.#world.say(this.workspace, {
      channel: where.id,
      user: this.person.id,
      botId: null,
      text,
      blocks: [],
      metadata: null,
      threadTs,
      ephemeralTo: null,
    });
    const [kind, type] = { public: ['channels', 'channel'], private: ['groups', 'group'], im: ['im', 'im'] }[
      where.kind
    ];
    const event = { user: this.person.id, text, ts, channel: where.id, ...(threadTs ? { thread_ts: threadTs } : {}) };
    this.#world.tell(this.workspace, { type: 'message', channel_type: type, ...event }, `message.${kind}`);
    if (text.includes(`<@${this.workspace.installation?.botUserId}>`))
      this.#world.tell(this.workspace, { type: 'app_mention', ...event });
    return DONE;
  }

  /** Presses a button, or chooses in a menu. */
  async press({ on, action, block, entry, entries = {}, seen }: Press): Promise<Outcome> {
    const found = 'view' in on ? this.#view(on.view) : this.#message(on.channel, on.ts);
    const blocks = seen ?? found?.blocks ?? [];
    const hit = blocks
      .flatMap((one) => elementsOf(one).map((element) => ({ block: one, element })))
      .find(({ block: it, element }) => element.action_id === action && (block === undefined || it.block_id === block));
    if (!found || !hit) return { ok: false, error: 'That is not there any more.' };
    const blockId = hit.block.block_id ?? '';
    const values = stateOf(blocks, {
      ...entries,
      [blockId]: { ...entries[blockId], [action]: entry ?? entries[blockId]?.[action] ?? null },
    });
    const payload = {
      ...this.#who('block_actions'),
      ...('view' in on
        ? this.#inView(found as View, values)
        : this.#inMessage({ ...(found as Message), blocks }, found as Message, values)),
      actions: [this.#action(hit.element, blockId, entry)],
    };
    return this.#outcome(await this.#ask(payload));
  }

  /** Submits the modal on top, or the one with this id. */
  async submit(entries: Entries = {}, id?: string): Promise<Outcome> {
    const view = this.modals().find((one) => one.id === id) ?? (id === undefined ? this.modals().at(-1) : undefined);
    if (!view) return { ok: false, error: 'That is not there any more.' };
    const values = stateOf(view.blocks, entries);
    const fields = inputErrors(view.blocks, values);
    if (Object.keys(fields).length > 0) return { ok: false, error: 'Please look at what is marked.', fields };
    const answer = await this.#ask({
      ...this.#who('view_submission'),
      view: { ...view, state: { values } },
      response_urls: [],
    });
    if (answer.type === 'failed') return { ok: false, error: TROUBLE };
    return this.#submitted(view, answer.body);
  }

  /** Closes the modal on top, or all of them. */
  async close(all = false): Promise<Outcome> {
    const stack = this.modals();
    const top = stack.at(-1);
    if (!top) return DONE;
    const isAll = all || top.clear_on_close;
    const closed = isAll ? stack : [top];
    this.#setModals(isAll ? [] : stack.slice(0, -1));
    for (const view of closed)
      if (view.notify_on_close)
        await this.#ask({ ...this.#who('view_closed'), view, is_cleared: isAll && stack.length > 1 });
    return DONE;
  }

  /** Opens the app's Home, or the tab with its messages. */
  openHome(tab: 'home' | 'messages' = 'home'): void {
    const channel = this.#world.direct(this.workspace, this.person.id);
    const view = this.home();
    this.#world.tell(this.workspace, {
      type: 'app_home_opened',
      user: this.person.id,
      channel: channel.id,
      tab,
      ...(tab === 'home' && view ? { view } : {}),
    });
  }

  /** Slack's own command; here it lets the app into a channel. */
  #invite(where: Channel, whom: string): Outcome {
    const { display_name: name } = this.#world.app.manifest.features.bot_user;
    const { installation } = this.workspace;
    if (!installation || !this.#isAppThere() || whom.trim().replace(/^@/, '') !== name)
      return this.#told(where, `There is nobody ${whom} to invite.`);
    where.members.add(installation.botUserId);
    this.#world.changed(this.workspace, { type: 'workspace' });
    return DONE;
  }

  async #command(where: Channel, command: string, text: string, threadTs: string | null): Promise<Outcome> {
    const { manifest, appId, verificationToken } = this.#world.app;
    const isThere = this.#isAppThere() && manifest.features.slash_commands.some((one) => one.command === command);
    if (!isThere) return this.#told(where, `${command} is not a valid command.`);
    // Source: https://docs.slack.dev/interactivity/implementing-slash-commands: not "in message threads".
    if (threadTs !== null) return this.#told(where, `${command} is not supported in threads. Sorry!`, threadTs);
    const about = { workspace: this.workspace, channel: where.id, user: this.person.id, message: null, threadTs: null };
    const answer = await this.#world.deliveries.ask('slash_commands', {
      token: verificationToken,
      team_id: this.workspace.id,
      team_domain: this.workspace.domain,
      channel_id: where.id,
      channel_name: { public: where.name, private: 'privategroup', im: 'directmessage' }[where.kind],
      user_id: this.person.id,
      user_name: this.person.name,
      command,
      text,
      api_app_id: appId,
      is_enterprise_install: 'false',
      response_url: this.#world.responseUrls.issue(about),
      trigger_id: this.#world.triggers.issue(this.workspace.id, this.person.id),
    });
    if (answer.type === 'failed') return this.#told(where, `${command} failed with the error "${failure(answer)}"`);
    if (isEmpty(answer.body)) return DONE;
    try {
      this.#world.responseUrls.respond(about, answer.body);
      return DONE;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.#told(where, `${command} failed with the error "invalid_command_response"`);
    }
  }

  /** Slack itself says it, to this person alone. */
  #told(where: Channel, text: string, threadTs: string | null = null): Outcome {
    this.#world.say(this.workspace, {
      channel: where.id,
      user: SLACKBOT,
      botId: null,
      text,
      blocks: [],
      metadata: null,
      threadTs,
      ephemeralTo: this.person.id,
    });
    return { ok: false, error: text };
  }

  #submitted(view: View, body: unknown): Outcome {
    const stack = this.modals();
    const answer = SubmitAnswer.safeParse(body).data;
    if (!answer) return { ok: false, error: TROUBLE };
    const { response_action, errors } = answer;
    if (response_action === 'errors') {
      const isInput = (id: string) => view.blocks.some(({ type, block_id }) => type === 'input' && block_id === id);
      // Errors of blocks that are no inputs are none that Slack can show.
      if (!errors || !Object.keys(errors).every(isInput)) return { ok: false, error: TROUBLE };
      return { ok: false, error: 'Please look at what is marked.', fields: errors };
    }
    if (response_action === 'clear') this.#setModals([]);
    if (response_action === undefined) this.#setModals(stack.filter((one) => one.id !== view.id));
    if (response_action !== 'update' && response_action !== 'push') return DONE;
    try {
      const given = checkedView(this.#bot(), answer.view, 'modal', view.id);
      if (response_action === 'push') pushed(this.#bot(), this.person.id, given);
      else this.#setModals(stack.map((one) => (one.id === view.id ? replaced(this.#bot(), one, given) : one)));
      return DONE;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, error: TROUBLE };
    }
  }

  #who(type: string) {
    const { appId, verificationToken } = this.#world.app;
    return {
      type,
      user: {
        id: this.person.id,
        username: this.person.name,
        name: this.person.name,
        team_id: this.workspace.id,
      },
      api_app_id: appId,
      token: verificationToken,
      trigger_id: this.#world.triggers.issue(this.workspace.id, this.person.id),
      team: { id: this.workspace.id, domain: this.workspace.domain },
      enterprise: null,
      is_enterprise_install: false,
    };
  }

  #inView(view: View, values: ReturnType<typeof stateOf>) {
    return { container: { type: 'view', view_id: view.id }, view: { ...view, state: { values } } };
  }

  /** `shown` is what they saw, `message` what is there. */
  #inMessage(shown: Message, message: Message, values: ReturnType<typeof stateOf>) {
    const { id, name } = this.#channel(shown.channel);
    const isEphemeral = shown.ephemeralTo !== null;
    return {
      container: {
        type: 'message',
        message_ts: shown.ts,
        channel_id: id,
        is_ephemeral: isEphemeral,
        ...(shown.threadTs === null ? {} : { thread_ts: shown.threadTs }),
      },
      channel: { id, name: id.startsWith('D') ? 'directmessage' : name },
      // An ephemeral message's content is not told.
      ...(isEphemeral ? {} : { message: messageJson(shown, this.#world.app.appId, this.workspace.id) }),
      state: { values },
      response_url: this.#world.responseUrls.issue({
        workspace: this.workspace,
        channel: id,
        user: this.person.id,
        message,
        threadTs: shown.threadTs,
      }),
    };
  }

  #action(element: Element, block_id: string, entry: Entry | undefined) {
    const shared = {
      type: element.type,
      action_id: element.action_id,
      block_id,
      action_ts: this.#world.timestamp(),
    };
    if (element.type === 'button')
      return {
        ...shared,
        text: element.text,
        ...(element.value === undefined ? {} : { value: element.value }),
        ...(element.style === undefined ? {} : { style: element.style }),
      };
    if (element.type === 'overflow')
      return { ...shared, selected_option: element.options.find(({ value }) => value === entry) };
    return { ...shared, ...stateOfElement(element, entry) };
  }

  async #ask(payload: Readonly<Record<string, unknown>>): Promise<Answer> {
    if (!this.#isAppThere()) return { type: 'failed', reason: 'app_missing_action_url' };
    return this.#world.deliveries.ask('interactive', payload);
  }

  #outcome(answer: Answer): Outcome {
    return answer.type === 'acknowledged' ? DONE : { ok: false, error: `The app did not answer: ${failure(answer)}` };
  }

  #isAppThere(): boolean {
    return this.workspace.installation !== null && !this.workspace.installation.isRevoked;
  }

  #bot(): Bot {
    const { installation } = this.workspace;
    if (!installation) throw new Error('The app is not in this workspace');
    return { world: this.#world, workspace: this.workspace, installation };
  }

  #setModals(stack: readonly View[]): void {
    setModals(this.#bot(), this.person.id, stack);
  }

  #channel(asked: string): Channel {
    const name = asked.replace(/^#/, '');
    const found = this.channels().find((channel) => channel.id === asked || channel.name === name);
    if (!found) throw new Error(`${this.person.name} sees no channel ${asked}`);
    return found;
  }

  #message(channel: string, ts: string): Message | undefined {
    return this.messages(channel).find((message) => message.ts === ts);
  }

  #view(id: string): View | undefined {
    return [...this.modals(), ...(this.home() ? [this.home() as View] : [])].find((view) => view.id === id);
  }
}

function isEmpty(body: unknown): boolean {
  return typeof body !== 'object' || body === null || Object.keys(body).length === 0;
}

/** As Slack words it to people. */
function failure(answer: Answer & { readonly type: 'failed' }): string {
  return answer.reason.endsWith('timeout') ? 'operation_timeout' : 'dispatch_failed';
}
