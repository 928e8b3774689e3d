import { h } from './dom.js';
import { emojiNode, link, mention } from './text.js';
import { dated } from './when.js';

const TAGS = { bold: 'strong', italic: 'em', strike: 's', underline: 'u', code: 'code' };

/** A rich_text block. */
export function richText({ elements }, names) {
  return elements.map((element) => part(element, names));
}

function part(element, names) {
  const within = () => element.elements.map((one) => inline(one, names));
  switch (element.type) {
    case 'rich_text_list':
      return h(
        element.style === 'ordered' ? 'ol' : 'ul',
        { class: `indent-${Math.min(element.indent ?? 0, 4)}`, start: element.offset ? element.offset + 1 : null },
        element.elements.map((section) =>
          h(
            'li',
            {},
            section.elements.map((one) => inline(one, names)),
          ),
        ),
      );
    case 'rich_text_preformatted':
      return h('pre', {}, h('code', {}, within()));
    case 'rich_text_quote':
      return h('blockquote', {}, within());
    default:
      return h('div', {}, within());
  }
}

function inline(element, names) {
  const node = content(element, names);
  return Object.entries(element.style ?? {})
    .filter(([name, isOn]) => isOn && TAGS[name])
    .reduce((inside, [name]) => h(TAGS[name], {}, inside), node);
}

function content(element, names) {
  switch (element.type) {
    case 'link':
      return link(element.url, element.text ?? element.url);
    case 'emoji':
      return emojiNode(element.name);
    case 'user':
      return mention(`@${names.person(element.user_id)}`);
    case 'usergroup':
      return mention(`@${names.group(element.usergroup_id)}`);
    case 'channel':
      return mention(`#${names.channel(element.channel_id)}`);
    case 'broadcast':
      return mention(`@${element.range}`);
    case 'date':
      return dated(element.timestamp, element.format);
    default:
      return element.text;
  }
}
