import { chart } from './charts.js';
import { h, newId } from './dom.js';
import { element } from './elements.js';
import { richText } from './rich-text.js';
import { dataTable } from './table.js';
import { bare, mrkdwn, plain, textObject } from './text.js';

/** Blocks as their JSON is, in a surface. */
export function blocks(list, context) {
  return list.map((block) =>
    h('div', { class: `block ${block.type}`, 'data-block': block.block_id }, draw(block, context)),
  );
}

function draw(block, context) {
  const { names } = context;
  switch (block.type) {
    case 'section':
      return section(block, context);
    case 'actions':
      return block.elements.map((it) => element(it, block, context));
    case 'context':
      return block.elements.map((it) => (it.type === 'image' ? picture(it) : h('span', {}, textObject(it, names))));
    case 'input':
      return input(block, context);
    case 'header':
      return h('h3', {}, plain(block.text.text));
    case 'divider':
      return h('hr');
    case 'image':
      return h('figure', {}, block.title ? h('figcaption', {}, plain(block.title.text)) : null, picture(block));
    case 'rich_text':
      return richText(block, names);
    case 'markdown':
      return h(
        'div',
        { class: 'lines' },
        mrkdwn(block.text.replaceAll('**', '*').replace(/^#+ (.*)$/gm, '*$1*'), names),
      );
    case 'alert':
      return h('div', { class: `notice ${block.level ?? 'default'}`, role: 'note' }, textObject(block.text, names));
    case 'data_visualization':
      return chart(block);
    case 'data_table':
      return dataTable(block, context);
    default:
      return h('em', { class: 'strange' }, `[${block.type}]`);
  }
}

function section({ text, fields, accessory, ...block }, context) {
  const label = text ? bare(text.text).split('\n')[0].slice(0, 80) : null;
  return [
    h(
      'div',
      { class: 'words' },
      text ? h('div', { class: 'lines' }, textObject(text, context.names)) : null,
      fields
        ? h(
            'div',
            { class: 'fields' },
            fields.map((field) => h('div', { class: 'lines' }, textObject(field, context.names))),
          )
        : null,
    ),
    accessory
      ? h(
          'div',
          { class: 'accessory' },
          accessory.type === 'image'
            ? picture(accessory)
            : element(accessory, { type: 'section', ...block }, context, {
                label: accessory.placeholder ? `${accessory.placeholder.text}: ${label}` : null,
              }),
        )
      : null,
  ];
}

function input(block, context) {
  const { label, hint, optional, element: it, block_id: id } = block;
  const [fieldId, hintId, errorId] = [newId('field'), newId('hint'), newId('error')];
  const error = context.errors[id];
  const words = [plain(label.text), optional ? h('span', { class: 'optional' }, ' (optional)') : null];
  const isGroup = ['checkboxes', 'radio_buttons', 'multi_static_select', 'multi_users_select'].includes(it.type);
  const isHidden = it.type.startsWith('multi_');
  return [
    isGroup ? (isHidden ? h('div', { class: 'label' }, words) : null) : h('label', { htmlFor: fieldId }, words),
    element(it, block, context, {
      acts: block.dispatch_action ?? false,
      id: fieldId,
      legend: isGroup ? words.map((word) => (word instanceof Node ? word.cloneNode(true) : word)) : null,
      describedBy: [error ? errorId : '', hint ? hintId : ''].join(' ').trim() || null,
    }),
    error ? h('p', { class: 'error', id: errorId }, error) : null,
    hint ? h('p', { class: 'hint', id: hintId }, plain(hint.text)) : null,
  ];
}

/** Nothing is fetched from elsewhere: a picture of another host is its words. */
function picture({ image_url: url, alt_text: words }) {
  const isOwn = URL.parse(url, location.href)?.origin === location.origin || url.startsWith('data:image/');
  return isOwn
    ? h('img', { src: url, alt: words })
    : h('span', { class: 'picture', role: 'img', 'aria-label': words, title: words }, words);
}
