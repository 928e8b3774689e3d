import type { Message } from '../message.ts';
import type { Change, Channel } from '../workspace.ts';
import type { World } from '../world.ts';
import type { Seat } from './seat.ts';

/** Who could sit down, and where. */
export function lobby(world: World) {
  return [...world.workspaces.values()].map(({ id, name, people }) => ({
    id,
    name,
    people: [...people.values()].map(({ id, name, realName }) => ({ id, name, realName })),
  }));
}

/** All that one person sees, for the page. */
export function snapshot(world: World, seat: Seat, suggestions: readonly string[]) {
  const { workspace, person } = seat;
  const { manifest } = world.app;
  const { installation } = workspace;
  return {
    workspace: { id: workspace.id, name: workspace.name, domain: workspace.domain },
    me: person,
    people: [...workspace.people.values()],
    groups: [...workspace.groups.values()].map(({ id, handle, name, members }) => ({
      id,
      handle,
      name,
      members: [...members],
    })),
    channels: seat.channels().map((channel) => channelOf(channel, seat)),
    modals: seat.modals(),
    home: seat.home(),
    app: {
      name: manifest.display_information.name,
      user: installation?.botUserId ?? null,
      isInstalled: installation !== null && !installation.isRevoked,
      hasHome: manifest.features.app_home?.home_tab_enabled ?? false,
      commands: manifest.features.slash_commands,
    },
    suggestions,
  };
}

/** What a change is for one person; null when they do not see it. */
export function seen(seat: Seat, change: Change) {
  switch (change.type) {
    case 'message':
      return seat.sees(change.message) ? { type: 'message', message: messageOf(change.message) } : null;
    case 'gone':
    case 'workspace':
      return change;
    case 'modals':
      return change.user === seat.person.id ? { type: 'modals', modals: seat.modals() } : null;
    case 'home':
      return change.user === seat.person.id ? { type: 'home', home: seat.home() } : null;
  }
}

function channelOf(channel: Channel, seat: Seat) {
  return {
    id: channel.id,
    name: channel.name,
    kind: channel.kind,
    members: channel.members.size,
    messages: seat.messages(channel.id).map(messageOf),
  };
}

function messageOf({ ts, channel, user, botId, text, blocks, threadTs, ephemeralTo, edited }: Message) {
  return {
    ts,
    channel,
    user,
    isApp: botId !== null,
    text,
    blocks,
    threadTs,
    isEphemeral: ephemeralTo !== null,
    isEdited: edited !== null,
  };
}
