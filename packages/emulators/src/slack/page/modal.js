import { ask } from './api.js';
import { blocks } from './blocks.js';
import { announce, h, newId, redraw } from './dom.js';
import { icon } from './icons.js';
import { forget, surface } from './surface.js';
import { plain } from './text.js';

/** The one modal that is on top, as a dialog. `page` has the person's path, names and choices. */
export function modals(page) {
  let dialog = null;
  let view = null;
  let errors = {};
  let trouble = null;

  function show(stack) {
    const top = stack.at(-1) ?? null;
    if (top?.id !== view?.id) {
      if (view && !stack.some(({ id }) => id === view.id)) forget(view.id);
      errors = {};
      trouble = null;
    }
    view = top;
    if (!view) {
      dialog?.close();
      return;
    }
    if (!dialog) open();
    draw();
  }

  function open() {
    const back = document.activeElement;
    dialog = h('dialog', {
      class: 'dialog modal',
      oncancel: (event) => {
        event.preventDefault();
        void close();
      },
      onclose: ({ currentTarget }) => {
        currentTarget.remove();
        dialog = null;
        if (back?.isConnected) back.focus();
        else document.getElementById('composer')?.focus();
      },
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  function draw() {
    const titleId = newId('modal');
    const isNew = dialog.dataset.view !== view.id;
    dialog.dataset.view = view.id;
    dialog.setAttribute('aria-labelledby', titleId);
    const context = surface({
      ...page(),
      on: { view: view.id },
      blocks: view.blocks,
      failed: (error) => {
        trouble = error;
        if (error) draw();
      },
    });
    context.errors = errors;
    redraw(
      dialog,
      h(
        'form',
        {
          noValidate: true,
          onsubmit: (event) => {
            event.preventDefault();
            void submit(context);
          },
        },
        h(
          'header',
          {},
          h('h2', { id: titleId }, plain(view.title.text)),
          h(
            'button',
            { type: 'button', class: 'close', 'data-key': 'x', 'aria-label': 'Close', onclick: () => void close(true) },
            icon('close'),
          ),
        ),
        h(
          'div',
          { class: 'inside' },
          trouble ? h('p', { class: 'trouble', role: 'alert' }, trouble) : null,
          blocks(view.blocks, context),
        ),
        h(
          'footer',
          { class: 'answers' },
          h(
            'button',
            { type: 'button', class: 'button', 'data-key': 'close', onclick: () => void close() },
            plain(view.close?.text ?? (view.previous_view_id ? 'Back' : 'Close')),
          ),
          view.submit
            ? h('button', { type: 'submit', class: 'button primary', 'data-key': 'submit' }, plain(view.submit.text))
            : null,
        ),
      ),
    );
    if (!isNew) return;
    const first =
      dialog.querySelector('[autofocus]') ??
      dialog.querySelector('.inside :is(input, select, textarea, button, summary)') ??
      dialog.querySelector('footer button');
    first?.focus();
  }

  async function submit(context) {
    const button = dialog.querySelector('[data-key="submit"]');
    button?.setAttribute('aria-busy', 'true');
    const outcome = await ask(`${page().seat}/submit`, { view: view.id, entries: context.entries });
    button?.removeAttribute('aria-busy');
    if (outcome.ok || !dialog) return;
    errors = outcome.fields ?? {};
    trouble = outcome.fields ? null : outcome.error;
    draw();
    announce(Object.values(errors)[0] ?? outcome.error);
    dialog.querySelector('[aria-invalid="true"]:is(input, select, textarea), [aria-invalid="true"] input')?.focus();
  }

  async function close(all = false) {
    await ask(`${page().seat}/close`, { all });
  }

  return { show };
}
