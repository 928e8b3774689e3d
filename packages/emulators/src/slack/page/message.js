import { blocks } from './blocks.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { hueOf, initialsOf } from './names.js';
import { surface } from './surface.js';
import { mrkdwn } from './text.js';
import { timeOf } from './when.js';

/**
 * One message. `page` has the person's path, names and choices; `replies` are how many in its thread; `openThread` is
 * null within a thread.
 */
export function message(said, page, { replies = 0, openThread = null } = {}) {
  const name = page.names.person(said.user);
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const context = surface({
    ...page,
    on: { channel: said.channel, ts: said.ts },
    blocks: said.blocks,
    failed: (error) => {
      trouble.hidden = error === null;
      trouble.textContent = error ?? '';
    },
  });
  const isSlackbot = said.user === 'USLACKBOT';
  return h(
    'article',
    {
      class: `message${said.isEphemeral ? ' ephemeral' : ''}`,
      'data-ts': said.ts,
      tabIndex: -1,
      'aria-label': `${name}, ${timeOf(said.ts)}`,
    },
    avatar(said.user, name, said.isApp ? 'app' : isSlackbot ? 'slackbot' : ''),
    h(
      'div',
      { class: 'body' },
      said.isEphemeral ? h('p', { class: 'only' }, icon('eye'), ' Only visible to you') : null,
      h(
        'div',
        { class: 'by' },
        h('strong', {}, name),
        said.isApp || isSlackbot ? h('span', { class: 'badge' }, 'APP') : null,
        h('time', { dateTime: new Date(Number(said.ts) * 1000).toISOString() }, timeOf(said.ts)),
      ),
      said.blocks.length > 0
        ? h('div', { class: 'blocks' }, blocks(said.blocks, context))
        : h(
            'div',
            { class: 'lines' },
            mrkdwn(said.text, page.names),
            said.isEdited ? h('span', { class: 'edited' }, ' (edited)') : null,
          ),
      trouble,
      openThread && replies > 0
        ? h(
            'button',
            { type: 'button', class: 'replies', 'data-key': 'replies', onclick: () => openThread(said.ts) },
            `${replies} ${replies === 1 ? 'reply' : 'replies'}`,
          )
        : null,
    ),
    openThread && !said.isEphemeral
      ? h(
          'div',
          { class: 'tools' },
          h(
            'button',
            {
              type: 'button',
              'data-key': 'thread',
              'aria-label': 'Reply in thread',
              title: 'Reply in thread',
              onclick: () => openThread(said.ts),
            },
            icon('reply'),
          ),
        )
      : null,
  );
}

export function avatar(id, name, kind = '') {
  return h(
    'span',
    { class: `avatar hue-${hueOf(id)} ${kind}`, 'aria-hidden': 'true' },
    kind === 'app' ? icon('wave') : initialsOf(name),
  );
}
