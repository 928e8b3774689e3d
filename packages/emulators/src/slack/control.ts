import * as z from 'zod/mini';
import type { Receipt } from './app/delivery.ts';
import { Seat } from './client/seat.ts';
import { CALM, Faults } from './faults.ts';
import type { Message } from './message.ts';
import type { Calls, WebApi } from './web-api/call.ts';
import type { Workspace } from './workspace.ts';
import type { World } from './world.ts';

/** What an emulator's owner sees and does behind the API. */
export class Control {
  readonly #world: World;
  readonly #api: WebApi;

  constructor(world: World, api: WebApi) {
    this.#world = world;
    this.#api = api;
  }

  /** How often each method was called, by workspace; with no bot's token under `-`. */
  calls(): Calls {
    return this.#api.calls;
  }

  /** How many of these were answered 429. */
  throttled(): Calls {
    return this.#api.throttled;
  }

  /** All that the app was told, and how fast it acknowledged. */
  receipts(): readonly Receipt[] {
    return this.#world.deliveries.receipts;
  }

  forget(): void {
    this.#api.calls = {};
    this.#api.throttled = {};
    this.#world.deliveries.receipts = [];
  }

  workspaces(): readonly Workspace[] {
    return [...this.#world.workspaces.values()];
  }

  /** A workspace by its domain or id; without either the first. */
  workspace(asked?: string): Workspace {
    const all = this.workspaces();
    const found = asked === undefined ? all[0] : all.find(({ id, domain }) => id === asked || domain === asked);
    if (!found) throw new Error(`There is no workspace ${asked}`);
    return found;
  }

  /** Somebody at Slack, by name or id. */
  person(asked: string, workspace?: string): Seat {
    const where = this.workspace(workspace);
    const found = [...where.people.values()].find(({ id, name }) => id === asked || name === asked);
    if (!found) throw new Error(`There is nobody ${asked} in ${where.name}`);
    return new Seat(this.#world, where, found);
  }

  /** All that stands in a channel, by its name or id, whoever sees it. */
  messages(channel: string, workspace?: string): readonly Message[] {
    const where = this.workspace(workspace);
    const found = [...where.channels.values()].find(({ id, name }) => id === channel || name === channel);
    if (!found) throw new Error(`There is no channel ${channel} in ${where.name}`);
    return found.messages;
  }

  /** Every ephemeral message that was shown to somebody. */
  ephemeral(workspace?: string): readonly Message[] {
    return [...this.workspace(workspace).channels.values()].flatMap(({ messages }) =>
      messages.filter(({ ephemeralTo }) => ephemeralTo !== null),
    );
  }

  faults(): Faults {
    return this.#world.faults;
  }

  /**
   * These faults from now on, and others as before.
   * @throws {Error} when one is not as {@link Faults} says.
   */
  setFaults(faults: z.input<typeof Faults>): void {
    const parsed = z.partial(Faults).parse(faults);
    const given = Object.fromEntries(Object.entries(parsed).filter(([name]) => Object.hasOwn(faults, name)));
    this.#world.faults = structuredClone({ ...this.#world.faults, ...given });
  }

  calm(): void {
    this.#world.faults = structuredClone(CALM);
  }

  /** Puts somebody into a user group, or takes them out. Who is meant by name or id, the group by its handle or id. */
  setMember(group: string, person: string, isMember: boolean, workspace?: string): void {
    const where = this.workspace(workspace);
    const found = [...where.groups.values()].find(({ id, handle }) => id === group || handle === group);
    if (!found) throw new Error(`There is no user group ${group} in ${where.name}`);
    const { id } = this.person(person, workspace).person;
    if (isMember === found.members.has(id)) return;
    if (isMember) found.members.add(id);
    else found.members.delete(id);
    this.#world.changed(where, { type: 'workspace' });
    // Source: https://docs.slack.dev/reference/events/subteam_members_changed.
    this.#world.tell(where, {
      type: 'subteam_members_changed',
      subteam_id: found.id,
      team_id: where.id,
      date_update: Math.floor(this.#world.clock.now() / 1000),
      added_users: isMember ? [id] : [],
      removed_users: isMember ? [] : [id],
    });
  }

  /** An administrator removes the app. */
  uninstall(workspace?: string): void {
    this.#world.uninstall(this.workspace(workspace));
  }

  /** Slack refreshes the app's sockets, or warns that it will; or they break (`cut`). */
  disconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled' | 'cut' = 'refresh_requested'): void {
    if (reason === 'cut') this.#world.sockets.cut();
    else this.#world.sockets.disconnect(reason);
  }

  /** How many sockets the app has open. */
  sockets(): number {
    return this.#world.sockets.count;
  }

  /** Where the app takes requests from now on; null: over its sockets. */
  deliverTo(requestUrl: string | null): void {
    this.#world.deliveries.requestUrl = requestUrl;
  }

  /** Whether the app's request URL proves that it is the app's, as Slack asks when somebody enters it. */
  verifyRequestUrl(): Promise<boolean> {
    return this.#world.deliveries.verify(this.#world.app.verificationToken);
  }

  /** Lets so many milliseconds pass at once for Slack: expiries, rates, retries. The app's clock does not move. */
  advance(ms: number): void {
    this.#world.clock.advance(ms);
  }
}

const InWorkspace = z.object({ workspace: z.optional(z.string()) });

/** The same over HTTP, under `/_emulator/`. Null for a path that is none of these. */
export function controlAnswer(control: Control, method: string, url: URL, body: unknown): unknown {
  const workspace = url.searchParams.get('workspace') ?? undefined;
  switch (`${method} ${url.pathname.split('/').slice(2).join('/')}`) {
    case 'GET calls':
      return control.calls();
    case 'DELETE calls':
      control.forget();
      return control.calls();
    case 'GET throttled':
      return control.throttled();
    case 'GET receipts':
      return control.receipts();
    case 'GET messages':
      return control.messages(url.searchParams.get('channel') ?? '', workspace);
    case 'GET ephemeral':
      return control.ephemeral(workspace);
    case 'GET faults':
      return control.faults();
    case 'POST faults':
      control.setFaults(body as z.input<typeof Faults>);
      return control.faults();
    case 'DELETE faults':
      control.calm();
      return control.faults();
    case 'POST uninstall':
      control.uninstall(InWorkspace.parse(body).workspace);
      return {};
    case 'POST disconnect':
      control.disconnect(
        z.object({ reason: z.enum(['warning', 'refresh_requested', 'link_disabled', 'cut']) }).parse(body).reason,
      );
      return {};
    case 'POST deliver-to':
      control.deliverTo(z.object({ requestUrl: z.nullable(z.string()) }).parse(body).requestUrl);
      return {};
    case 'POST clock':
      control.advance(z.object({ advanceMs: z.number() }).parse(body).advanceMs);
      return {};
    default:
      return null;
  }
}
