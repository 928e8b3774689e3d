import { ask } from './api.js';
import { h, newId, redraw } from './dom.js';
import { icon } from './icons.js';
import { avatar } from './message.js';

/** Channels, the app, and who one is. */
export function sidebar(place, { data, lobby, here, unread, seat, go, theme }) {
  const [whoId, teamId] = [newId('who'), newId('team')];
  const { workspace, me, app, channels, groups } = data;
  const link = (to, label, more = {}) =>
    h(
      'li',
      {},
      h(
        'a',
        {
          href: go(to),
          'aria-current': here === to ? 'page' : null,
          'data-key': `go ${to}`,
          class: unread.has(to) ? 'unread' : null,
        },
        label,
        unread.has(to) ? h('span', { class: 'unseen' }, ' (unread)') : null,
        more.after ?? null,
      ),
    );
  redraw(
    place,
    h('h1', {}, workspace.name),
    lobby.length > 1
      ? h(
          'div',
          { class: 'pick' },
          h('label', { htmlFor: teamId }, 'Workspace'),
          h(
            'select',
            {
              id: teamId,
              'data-key': 'team',
              onchange: ({ currentTarget }) => {
                location.hash = `#/${currentTarget.value}`;
              },
            },
            lobby.map(({ id, name }) => h('option', { value: id, selected: id === workspace.id }, name)),
          ),
        )
      : null,
    h('h2', {}, 'Channels'),
    h(
      'ul',
      {},
      channels
        .filter(({ kind }) => kind !== 'im')
        .map(({ id, name, kind }) =>
          link(id, [
            icon(kind === 'private' ? 'lock' : 'hash'),
            name,
            kind === 'private' ? h('span', { class: 'unseen' }, ' (private)') : null,
          ]),
        ),
    ),
    h('h2', {}, 'Apps'),
    app.isInstalled
      ? h('ul', {}, link('home', [avatar(app.user, app.name, 'app'), app.name], {}))
      : h('p', { class: 'empty' }, `${app.name} is not installed here.`),
    h(
      'section',
      { class: 'you', 'aria-label': 'You' },
      h('label', { htmlFor: whoId }, 'You are'),
      h(
        'div',
        { class: 'who' },
        avatar(me.id, me.realName),
        h(
          'select',
          {
            id: whoId,
            'data-key': 'who',
            onchange: ({ currentTarget }) => {
              location.hash = `#/${workspace.id}/${currentTarget.value}/${here}`;
            },
          },
          data.people.map(({ id, realName }) => h('option', { value: id, selected: id === me.id }, realName)),
        ),
      ),
      h(
        'fieldset',
        {},
        h('legend', {}, 'Your user groups'),
        groups.map(({ id, handle, members }) => {
          const boxId = newId('group');
          return h(
            'div',
            { class: 'option' },
            h('input', {
              type: 'checkbox',
              id: boxId,
              'data-key': `group ${id}`,
              checked: members.includes(me.id),
              onchange: ({ currentTarget }) =>
                void ask(`${seat}/group`, { group: id, isMember: currentTarget.checked }),
            }),
            h('label', { htmlFor: boxId }, `@${handle}`),
          );
        }),
      ),
      h(
        'button',
        { type: 'button', class: 'theme', 'data-key': 'theme', onclick: theme.turn },
        theme.isDark() ? 'Light colours' : 'Dark colours',
      ),
    ),
  );
}
