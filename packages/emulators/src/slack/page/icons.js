import { svg } from './dom.js';

const PATHS = {
  send: 'M3 11.5 20 4l-5.5 16-3-6.5z M11.5 13.5 20 4',
  close: 'M6 6l12 12 M18 6 6 18',
  menu: 'M4 7h16 M4 12h16 M4 17h16',
  reply: 'M5 5h14v10h-8l-4 4v-4H5z',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3 M5.5 11h13v9h-13z',
  hash: 'M9 4 7 20 M17 4l-2 16 M4.5 9h16 M3.5 15h16',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z M12 9.5a2.5 2.5 0 1 0 .01 0z',
  wave: 'M3 10c3-5 6-5 9 0s6 5 9 0 M3 17c3-5 6-5 9 0s6 5 9 0',
  more: 'M6 12h.01 M12 12h.01 M18 12h.01',
};

/** A picture beside words, or within a button that says what it does. */
export function icon(name) {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true' },
    svg('path', { d: PATHS[name] }),
  );
}
