import { h, redraw } from './dom.js';
import { message } from './message.js';
import { dayOf } from './when.js';

/** How near the end somebody must be to be taken along. */
const NEAR = 120;

/**
 * A list of messages that keeps itself: `put` draws one, or draws it anew in its place; `take` removes it. Up and down
 * lead from message to message.
 */
export function messageList(page, { label, openThread = null, isIn, welcome = null }) {
  const list = h('div', { class: 'list', role: 'log', 'aria-live': 'off', 'aria-label': label, onkeydown: walk });
  const scroller = h('div', { class: 'scroller', tabIndex: 0, 'aria-label': label, role: 'group' }, welcome, list);
  const places = new Map();

  function put(said, all) {
    const isNear = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    const replies = all.filter(({ threadTs, ts }) => threadTs === said.ts && ts !== said.ts).length;
    const drawn = message(said, page, { replies, openThread });
    const place = places.get(said.ts);
    if (place) redraw(place, drawn);
    else {
      const fresh = h('div', { class: 'place', 'data-ts': said.ts }, drawn);
      places.set(said.ts, fresh);
      const next = [...list.children].find((other) => other.dataset.ts && other.dataset.ts > said.ts);
      list.insertBefore(fresh, next ?? null);
      days();
    }
    if (isNear) toEnd();
  }

  function days() {
    for (const day of list.querySelectorAll('.day')) day.remove();
    let last = null;
    for (const place of [...list.children]) {
      const day = dayOf(place.dataset.ts);
      if (day !== last)
        place.before(h('div', { class: 'day', role: 'separator', 'aria-label': day }, h('span', {}, day)));
      last = day;
    }
  }

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
  }

  return {
    node: scroller,
    toEnd,
    fill(all) {
      places.clear();
      list.replaceChildren();
      for (const said of all) if (isIn(said)) put(said, all);
      toEnd();
    },
    put(said, all) {
      if (isIn(said)) put(said, all);
      // Its root tells how many replies there are.
      const root = all.find(({ ts }) => ts === said.threadTs);
      if (root && root !== said && isIn(root)) put(root, all);
    },
    take(ts) {
      places.get(ts)?.remove();
      places.delete(ts);
      days();
    },
  };
}

function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const current = event.target.closest('.message');
  if (step === undefined || event.target !== current) return;
  const all = [...event.currentTarget.querySelectorAll('.message')];
  const next = all[all.indexOf(current) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
