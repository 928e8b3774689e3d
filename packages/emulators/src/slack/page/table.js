import { h } from './dom.js';
import { richText } from './rich-text.js';

const PAGE = 5;

/** A data_table block: its columns sort, and its rows come in pages. */
export function dataTable(block, context) {
  const { caption, rows, page_size: size = PAGE, row_header_column_index: named = 0 } = block;
  const [header, ...body] = rows;
  const place = h('div', { class: 'table' });
  const memory = context.memory(`table ${block.block_id}`, { page: 0, column: null, isDown: false });
  const pages = Math.ceil(body.length / size);

  function draw(focus) {
    const sorted =
      memory.column === null
        ? body
        : body.toSorted((a, b) => (memory.isDown ? -1 : 1) * compare(a[memory.column], b[memory.column]));
    memory.page = Math.min(memory.page, pages - 1);
    const shown = sorted.slice(memory.page * size, (memory.page + 1) * size);
    place.replaceChildren(
      h(
        'table',
        {},
        h('caption', {}, caption),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            header.map((cell, column) => {
              const isBy = memory.column === column;
              return h(
                'th',
                {
                  scope: 'col',
                  class: isNumeric(body, column) ? 'number' : null,
                  'aria-sort': isBy ? (memory.isDown ? 'descending' : 'ascending') : 'none',
                },
                h(
                  'button',
                  { type: 'button', class: 'sort', 'data-key': `sort ${column}`, onclick: () => sort(column) },
                  cell.text,
                  h('span', { 'aria-hidden': 'true', class: 'arrow' }, isBy ? (memory.isDown ? ' ↓' : ' ↑') : ''),
                ),
              );
            }),
          ),
        ),
        h(
          'tbody',
          {},
          shown.map((row) =>
            h(
              'tr',
              {},
              row.map((cell, column) =>
                column === named
                  ? h('th', { scope: 'row' }, drawn(cell, context))
                  : h('td', { class: cell.type === 'raw_number' ? 'number' : null }, drawn(cell, context)),
              ),
            ),
          ),
        ),
      ),
      pages > 1
        ? h(
            'div',
            { class: 'pages' },
            h(
              'button',
              {
                type: 'button',
                class: 'button small',
                'data-key': 'back',
                disabled: memory.page === 0,
                onclick: () => turn(-1),
              },
              'Back',
            ),
            h(
              'span',
              {},
              `${memory.page * size + 1} to ${Math.min(body.length, (memory.page + 1) * size)} of ${body.length}`,
            ),
            h(
              'button',
              {
                type: 'button',
                class: 'button small',
                'data-key': 'next',
                disabled: memory.page === pages - 1,
                onclick: () => turn(1),
              },
              'Next',
            ),
          )
        : '',
    );
    if (focus) place.querySelector(`[data-key="${focus}"]:not(:disabled)`)?.focus();
  }

  function sort(column) {
    memory.isDown = memory.column === column && !memory.isDown;
    memory.column = column;
    draw(`sort ${column}`);
  }

  function turn(by) {
    memory.page += by;
    draw(by < 0 ? 'back' : 'next');
  }

  draw();
  return place;
}

function drawn(cell, { names }) {
  return cell.type === 'rich_text' ? richText(cell, names) : cell.text;
}

function isNumeric(rows, column) {
  return rows.every((row) => row[column].type === 'raw_number');
}

function compare(a, b) {
  if (a.type === 'raw_number' && b.type === 'raw_number') return a.value - b.value;
  return words(a).localeCompare(words(b), 'en', { numeric: true });
}

function words(cell) {
  return cell.text ?? JSON.stringify(cell.elements);
}
