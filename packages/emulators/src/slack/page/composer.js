import { h, newId } from './dom.js';
import { icon } from './icons.js';

/** Lines sent from here, for the arrow up. */
const sent = [];

/** Where lines are typed. `send` sends one, and says whether that was well. */
export function composer({ label, commands, send, id = null }) {
  const hintsId = newId('hints');
  const hints = h('ul', { class: 'hints', id: hintsId, hidden: true, 'aria-label': 'Commands' });
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  let back = 0;

  const field = h('textarea', {
    rows: 1,
    id,
    'aria-label': label,
    'aria-describedby': hintsId,
    placeholder: label,
    autocomplete: 'off',
    spellcheck: false,
    oninput: fit,
    onkeydown: (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        void submit();
      } else if (event.key === 'ArrowUp' && (field.value === '' || back > 0)) {
        event.preventDefault();
        recall(back + 1);
      } else if (event.key === 'ArrowDown' && back > 0) {
        event.preventDefault();
        recall(back - 1);
      }
    },
  });
  const button = h(
    'button',
    { type: 'submit', class: 'send', 'aria-label': 'Send', title: 'Send (Enter)' },
    icon('send'),
  );
  const form = h(
    'form',
    {
      class: 'composer',
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
    },
    hints,
    trouble,
    h('div', { class: 'line' }, field, button),
  );

  function fit() {
    field.style.height = 'auto';
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
    const matches = /^\/\S*$/.test(field.value)
      ? commands.filter(({ command }) => command.startsWith(field.value))
      : [];
    hints.hidden = matches.length === 0;
    hints.replaceChildren(
      ...matches.map(({ command, description, usage_hint: usage }) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', onclick: () => put(`${command} `) },
            h('strong', {}, command),
            ' ',
            usage,
            h('small', {}, description),
          ),
        ),
      ),
    );
  }

  function put(line) {
    field.value = line;
    field.focus();
    fit();
  }

  function recall(to) {
    back = Math.max(0, Math.min(to, sent.length));
    put(back === 0 ? '' : sent.at(-back));
  }

  async function submit() {
    const line = field.value.trim();
    if (line === '') return;
    sent.push(line);
    back = 0;
    put('');
    button.setAttribute('aria-busy', 'true');
    const outcome = await send(line);
    button.removeAttribute('aria-busy');
    // What Slack says of a command stands in the channel.
    trouble.hidden = outcome.ok || line.startsWith('/');
    trouble.textContent = outcome.ok ? '' : outcome.error;
  }

  return { node: form, put };
}
