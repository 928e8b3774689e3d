/**
 * An element with what is in it. Properties named on* are listeners, data-*, aria-* and role are attributes, null and false
 * leave one out. No text is ever read as HTML.
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG, where all are attributes. */
export function svg(tag, properties = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(properties)) if (value !== null) node.setAttribute(name, String(value));
  node.append(...children.flat(9).filter((child) => child !== null && child !== false));
  return node;
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else if (name in node && !name.includes('-') && name !== 'list') node[name] = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

let last = 0;

/** An id for a label or a description to point at. */
export function newId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** Puts new content into a place; whoever had the keyboard there keeps it, where the same thing is there again. */
export function redraw(place, ...children) {
  const active = document.activeElement;
  const key = place.contains(active) ? active?.closest('[data-key]')?.dataset.key : undefined;
  const option = active?.dataset?.option;
  const range = active && 'selectionStart' in active ? selectionOf(active) : null;
  place.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== false));
  if (key === undefined) return;
  const again = place.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const target = (option !== undefined && again?.querySelector(`[data-option="${CSS.escape(option)}"]`)) || again;
  const focusable = target?.matches('button, a, input, select, textarea, summary')
    ? target
    : target?.querySelector('input, select, textarea, button, summary, a');
  focusable?.focus({ preventScroll: true });
  if (range && focusable && 'setSelectionRange' in focusable)
    try {
      focusable.setSelectionRange(...range);
    } catch {
      // Numbers and dates have no selection.
    }
}

function selectionOf(input) {
  try {
    return input.selectionStart === null ? null : [input.selectionStart, input.selectionEnd];
  } catch {
    return null;
  }
}

/** Says it to who hears the page. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  if (announcer) announcer.textContent = text;
}
