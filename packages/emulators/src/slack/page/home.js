import { blocks } from './blocks.js';
import { h, redraw } from './dom.js';
import { surface } from './surface.js';

/** The app's Home as it is published for this person. */
export function home(page, app) {
  const place = h('div', { class: 'home scroller', tabIndex: 0, role: 'region', 'aria-label': `${app.name}: Home` });
  return {
    node: place,
    show(view) {
      if (!view) {
        redraw(place, h('p', { class: 'empty' }, `${app.name} has published nothing here yet.`));
        return;
      }
      const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
      const context = surface({
        ...page,
        on: { view: view.id },
        blocks: view.blocks,
        failed: (error) => {
          trouble.hidden = error === null;
          trouble.textContent = error ?? '';
        },
      });
      redraw(place, trouble, h('div', { class: 'blocks' }, blocks(view.blocks, context)));
    },
  };
}
