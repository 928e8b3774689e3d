import { Clock } from '../clock.ts';
import { Deliveries } from './app/delivery.ts';
import { Grants } from './app/grants.ts';
import type { Manifest } from './app/manifest.ts';
import { type Registration, register } from './app/registration.ts';
import { ResponseUrls } from './app/response-urls.ts';
import { Sockets } from './app/socket.ts';
import { Triggers } from './app/triggers.ts';
import { CALM, type Faults } from './faults.ts';
import { Ids, Timestamps } from './ids.ts';
import { type Installation, newBotToken } from './installation.ts';
import type { Message } from './message.ts';
import { Rates } from './rates.ts';
import type { Seed } from './seed.ts';
import type { Change, Channel, Workspace } from './workspace.ts';

/** All of Slack that is here: workspaces, one app, and what passes between them. */
export class World {
  readonly clock = new Clock();
  readonly ids = new Ids();
  readonly app: Registration;
  readonly workspaces = new Map<string, Workspace>();
  readonly rates = new Rates(this.clock);
  readonly triggers = new Triggers(this.clock);
  readonly grants = new Grants(this.clock);
  readonly sockets: Sockets;
  readonly deliveries: Deliveries;
  readonly responseUrls: ResponseUrls;
  faults: Faults = structuredClone(CALM);
  readonly #timestamps = new Timestamps();
  readonly #watchers = new Set<(workspace: Workspace, change: Change) => void>();

  constructor(manifest: Manifest, requestUrl: string | null) {
    this.app = register(manifest, this.ids);
    this.sockets = new Sockets(this.app.appId);
    this.deliveries = new Deliveries({
      clock: this.clock,
      sockets: this.sockets,
      signingSecret: this.app.signingSecret,
      faults: () => this.faults,
      requestUrl,
    });
    this.responseUrls = new ResponseUrls(this);
  }

  /** Where everybody reaches this Slack, once that is known. */
  url = '';

  /** A timestamp for a message, or for an event. */
  timestamp(): string {
    return this.#timestamps.next(this.clock.now());
  }

  settle(seed: Seed): Workspace {
    const people = new Map(
      seed.people.map(({ name, realName, isAdmin = false }) => {
        const id = this.ids.next('U');
        return [id, { id, name, realName, isAdmin }];
      }),
    );
    const named = new Map([...people.values()].map(({ id, name }) => [name, id]));
    const groups = seed.groups.map(({ handle, name }) => {
      const members = seed.people.filter((person) => person.groups?.includes(handle));
      return {
        id: this.ids.next('S'),
        handle,
        name,
        members: new Set(members.flatMap((person) => named.get(person.name) ?? [])),
      };
    });
    const workspace: Workspace = {
      id: this.ids.next('T'),
      domain: seed.domain,
      name: seed.name,
      people,
      groups: new Map(groups.map((group) => [group.id, group])),
      channels: new Map(),
      installation: null,
      modals: new Map(),
      homes: new Map(),
    };
    this.workspaces.set(workspace.id, workspace);
    const installer = [...people.values()].find(({ isAdmin }) => isAdmin) ?? [...people.values()][0];
    if ((seed.isInstalled ?? true) && installer) this.install(workspace, installer.id);
    for (const { name, isPrivate = false, members, withApp = true } of seed.channels) {
      const app = withApp && workspace.installation ? [workspace.installation.botUserId] : [];
      const all = members === undefined ? [...people.keys()] : members.flatMap((one) => named.get(one) ?? []);
      this.#addChannel(workspace, 'C', name, isPrivate ? 'private' : 'public', [...all, ...app]);
    }
    return workspace;
  }

  /** Puts the app into a workspace, with the scopes that it asks for. A person did it. */
  install(
    workspace: Workspace,
    user: string,
    scopes: readonly string[] = this.app.manifest.oauth_config.scopes.bot,
  ): Installation {
    const before = workspace.installation;
    workspace.installation = {
      botToken: before && !before.isRevoked ? before.botToken : newBotToken(workspace.id),
      botId: before?.botId ?? this.ids.next('B'),
      botUserId: before?.botUserId ?? this.ids.next('U'),
      scopes,
      installedBy: user,
      isRevoked: false,
    };
    this.changed(workspace, { type: 'workspace' });
    return workspace.installation;
  }

  /**
   * Takes the app out of a workspace: its token is worth nothing, and it is told.
   * Source: https://docs.slack.dev/reference/events/tokens_revoked: no order of the two is promised.
   */
  uninstall(workspace: Workspace): void {
    const { installation } = workspace;
    if (!installation || installation.isRevoked) return;
    installation.isRevoked = true;
    workspace.modals.clear();
    this.tell(workspace, { type: 'tokens_revoked', tokens: { oauth: [], bot: [installation.botUserId] } });
    this.tell(workspace, { type: 'app_uninstalled' });
    this.changed(workspace, { type: 'workspace' });
  }

  /** The conversation between the app and one person. */
  direct(workspace: Workspace, user: string): Channel {
    const found = [...workspace.channels.values()].find(({ kind, members }) => kind === 'im' && members.has(user));
    if (found) return found;
    const members = [user, workspace.installation?.botUserId ?? ''];
    const channel = this.#addChannel(workspace, 'D', this.app.manifest.display_information.name, 'im', members);
    this.changed(workspace, { type: 'workspace' });
    return channel;
  }

  say(workspace: Workspace, message: Omit<Message, 'ts' | 'edited'>): Message {
    const said: Message = { ...message, ts: this.timestamp(), edited: null };
    workspace.channels.get(said.channel)?.messages.push(said);
    this.changed(workspace, { type: 'message', message: said });
    return said;
  }

  remove(workspace: Workspace, message: Message): void {
    const messages = workspace.channels.get(message.channel)?.messages ?? [];
    const index = messages.indexOf(message);
    if (index < 0) return;
    messages.splice(index, 1);
    this.changed(workspace, { type: 'gone', channel: message.channel, ts: message.ts });
  }

  /** Tells the app of an event, where its manifest asks for it by that name. https://docs.slack.dev/apis/events-api */
  tell(
    workspace: Workspace,
    event: Readonly<Record<string, unknown>> & { readonly type: string },
    name: string = event.type,
  ): void {
    const { manifest, appId, verificationToken } = this.app;
    if (!manifest.settings.event_subscriptions?.bot_events.includes(name)) return;
    if (!workspace.installation) return;
    this.deliveries.tell({
      token: verificationToken,
      team_id: workspace.id,
      api_app_id: appId,
      event: { ...event, event_ts: this.timestamp() },
      type: 'event_callback',
      event_id: this.ids.next('E'),
      event_time: Math.floor(this.clock.now() / 1000),
      is_ext_shared_channel: false,
      authorizations: [
        {
          enterprise_id: null,
          team_id: workspace.id,
          user_id: workspace.installation?.botUserId,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
    });
  }

  /** Calls `watcher` at each change, until what is returned is called. */
  watch(watcher: (workspace: Workspace, change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  changed(workspace: Workspace, change: Change): void {
    for (const watcher of this.#watchers) watcher(workspace, change);
  }

  close(): void {
    this.clock.stop();
    this.sockets.close();
  }

  #addChannel(
    workspace: Workspace,
    prefix: 'C' | 'D',
    name: string,
    kind: Channel['kind'],
    members: readonly string[],
  ): Channel {
    const channel: Channel = { id: this.ids.next(prefix), name, kind, members: new Set(members), messages: [] };
    workspace.channels.set(channel.id, channel);
    return channel;
  }
}
