import { Refusal } from '../refusal.ts';
import { type Arguments, flag, needed } from './arguments.ts';
import type { Bot } from './call.ts';

// Sources: https://docs.slack.dev/reference/methods/users.info, usergroups.list, usergroups.users.list.

export function userInfo({ workspace, installation, world }: Bot, args: Arguments) {
  const id = needed(args, 'user');
  const isBot = id === installation.botUserId;
  const bot = { id, name: world.app.manifest.features.bot_user.display_name, realName: 'daskup', isAdmin: false };
  const person = isBot ? bot : workspace.people.get(id);
  if (!person) throw new Refusal('user_not_found');
  return {
    user: {
      id,
      team_id: workspace.id,
      name: person.name,
      real_name: person.realName,
      deleted: false,
      tz: 'Europe/London',
      tz_offset: 0,
      is_admin: person.isAdmin,
      is_owner: false,
      is_primary_owner: false,
      is_restricted: false,
      is_ultra_restricted: false,
      is_bot: isBot,
      profile: {
        display_name: person.name,
        real_name: person.realName,
        // Source: https://docs.slack.dev/reference/scopes/users.read.email.
        ...(installation.scopes.includes('users:read.email')
          ? { email: `${person.name}@${workspace.domain}.example` }
          : {}),
      },
    },
  };
}

export function groups({ workspace }: Bot, args: Arguments) {
  const withUsers = flag(args, 'include_users');
  return {
    usergroups: [...workspace.groups.values()].map(({ id, handle, name, members }) => ({
      id,
      team_id: workspace.id,
      is_usergroup: true,
      handle,
      name,
      user_count: members.size,
      ...(withUsers ? { users: [...members] } : {}),
    })),
  };
}

export function groupMembers({ workspace }: Bot, args: Arguments) {
  const group = workspace.groups.get(needed(args, 'usergroup'));
  if (!group) throw new Refusal('no_such_subteam');
  return { users: [...group.members] };
}
