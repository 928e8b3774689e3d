import { h } from './dom.js';
import { emoji } from './emoji.js';
import { dated } from './when.js';

// Text as Slack's people read it. https://docs.slack.dev/messaging/formatting-message-text

/** Code first: nothing in it is anything else. Then links and mentions, then marks around words. */
const CODE = /```([\s\S]+?)```|`([^`\n]+)`/;
const ANGLE = /<([^<>]+)>/;
const MARKS = [
  [/(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])/, 'strong'],
  [/(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])/, 'em'],
  [/(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])/, 's'],
];
const EMOJI = /:([a-z0-9_+-]+):/;

/** A text object; `names` tells whom and what ids mean. */
export function textObject(text, names) {
  return text.type === 'mrkdwn' ? mrkdwn(text.text, names) : plain(text.text, text.emoji !== false);
}

export function plain(text, withEmoji = true) {
  return withEmoji ? split(text, EMOJI, ([, name]) => emojiNode(name), unescaped) : [unescaped(text)];
}

/** Paragraphs, quotes and all that is within lines. */
export function mrkdwn(text, names) {
  return split(
    text,
    CODE,
    ([, block, inline]) =>
      block === undefined
        ? h('code', {}, unescaped(inline))
        : h('pre', {}, h('code', {}, unescaped(block.replace(/^\n|\n$/g, '')))),
    (rest) => quoted(rest, names),
  );
}

function quoted(text, names) {
  const parts = text.split(/((?:^(?:&gt;|>).*(?:\n|$))+)/m);
  return parts.map((part, index) =>
    index % 2 === 1
      ? h('blockquote', {}, inline(part.replace(/^(?:&gt;|>) ?/gm, '').replace(/\n$/, ''), names))
      : inline(part, names),
  );
}

function inline(text, names) {
  return split(
    text,
    ANGLE,
    ([, inside]) => angle(inside, names),
    (rest) => marked(rest, MARKS),
  );
}

function marked(text, [mark, ...others]) {
  if (mark === undefined) return plain(text);
  const [pattern, tag] = mark;
  return split(
    text,
    pattern,
    ([, inside]) => h(tag, {}, marked(inside, others)),
    (rest) => marked(rest, others),
  );
}

function angle(inside, names) {
  const [what, label] = cut(inside, '|');
  if (what.startsWith('@')) return mention(`@${names.person(what.slice(1))}`);
  if (what.startsWith('#')) return mention(`#${names.channel(what.slice(1)) ?? label}`);
  if (what.startsWith('!subteam^')) return mention(`@${names.group(what.slice('!subteam^'.length)) ?? label}`);
  if (what.startsWith('!date^')) return date(what, label);
  if (what.startsWith('!')) return mention(`@${label ?? what.slice(1)}`);
  return link(unescaped(what), label === undefined ? unescaped(what) : plain(label));
}

function date(what, fallback) {
  const [, seconds, format, url] = what.split('^');
  const time = h(
    'time',
    { dateTime: new Date(Number(seconds) * 1000).toISOString(), title: fallback ?? '' },
    dated(Number(seconds), format),
  );
  return url ? link(url, time) : time;
}

/** Opens elsewhere; nothing but the web and mail is a link. */
export function link(url, ...children) {
  if (!/^(https?:\/\/|mailto:)/.test(url)) return h('span', {}, children);
  return h('a', { href: url, target: '_blank', rel: 'noreferrer noopener' }, children);
}

export function mention(text) {
  return h('span', { class: 'mention' }, text);
}

export function emojiNode(name) {
  const drawn = emoji(name);
  return drawn.startsWith(':')
    ? drawn
    : h('span', { class: 'emoji', role: 'img', 'aria-label': name.replaceAll('_', ' ') }, drawn);
}

function unescaped(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function cut(text, at) {
  const index = text.indexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** `found` draws each match of a pattern, `between` the text around it. */
function split(text, pattern, found, between) {
  const nodes = [];
  let rest = text;
  for (let match = pattern.exec(rest); match; match = pattern.exec(rest)) {
    if (match.index > 0) nodes.push(between(rest.slice(0, match.index)));
    nodes.push(found(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== '') nodes.push(between(rest));
  return nodes;
}

/** A line without its marks, for names of things and for who hears the page. */
export function bare(text) {
  return unescaped(
    text
      .replace(/<[^|<>]*\|([^<>]*)>/g, '$1')
      .replace(/[*_~`]/g, '')
      .replace(/:[a-z0-9_+-]+:/g, ''),
  ).trim();
}
