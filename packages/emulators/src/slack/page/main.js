import { ask, listen } from './api.js';
import { composer } from './composer.js';
import { announce, h } from './dom.js';
import { home } from './home.js';
import { icon } from './icons.js';
import { messageList } from './messages.js';
import { modals } from './modal.js';
import { choicesIn, namesIn } from './names.js';
import { sidebar } from './sidebar.js';
import { bare } from './text.js';
import { themes } from './theme.js';

// Who looks at what stands in the address: #/TEAM/USER/CHANNEL, or #/TEAM/USER/home. Two windows may be two people.

const at = (id) => document.getElementById(id);
const theme = themes(() => data && drawSidebar());
const unread = new Set();
let lobby = [];
let data = null;
/** The path of who looks. */
let seat = '';
let here = '';
let threadTs = null;
let stop = () => {};
let shown = { list: null, thread: null, home: null };

const modal = modals(() => page());

// The address says who looks and where, so it is not this link's.
at('skip').addEventListener('click', (event) => {
  event.preventDefault();
  (at('composer') ?? at('content')).focus();
});
addEventListener('hashchange', () => void route());
await route();

async function route() {
  lobby = await ask('');
  const [, team, user, channel] = location.hash.split('/');
  const workspace = lobby.find(({ id }) => id === team) ?? lobby[0];
  const person = workspace.people.find(({ id }) => id === user) ?? workspace.people[0];
  const next = `${workspace.id}/${person.id}`;
  if (next === seat) {
    if (channel && channel !== here) open(channel);
    return;
  }
  seat = next;
  here = channel ?? '';
  data = null;
  unread.clear();
  stop();
  stop = listen(`${seat}/feed`, { opened: () => void refresh(), heard, lost: () => at('app').classList.add('lost') });
}

/** Reads all that is to be seen, at first and after every interruption. */
async function refresh() {
  const path = seat;
  const fresh = await ask(`${path}/state`);
  if (path !== seat) return;
  at('app').classList.remove('lost');
  data = fresh;
  modal.show(data.modals);
  open(here);
}

function heard(change) {
  if (!data) return;
  if (change.type === 'message') said(change.message);
  else if (change.type === 'gone') gone(change);
  else if (change.type === 'modals') {
    data.modals = change.modals;
    modal.show(data.modals);
  } else if (change.type === 'home') {
    data.home = change.home;
    shown.home?.show(data.home);
  } else void reread();
}

async function reread() {
  const path = seat;
  const fresh = await ask(`${path}/state`);
  if (path !== seat) return;
  data = fresh;
  drawSidebar();
  if (here !== 'home' && !channelOf(here)) open('');
}

function said(message) {
  const channel = channelOf(message.channel);
  if (!channel) return;
  const index = channel.messages.findIndex(({ ts }) => ts === message.ts);
  const before = channel.messages[index];
  if (before) channel.messages[index] = message;
  else channel.messages.push(message);
  if (!before || before.text !== message.text) tell(message);
  if (message.channel === here || (here === 'home' && message.channel === direct()?.id)) {
    shown.list?.put(message, channel.messages);
    if (threadTs) shown.thread?.put(message, channel.messages);
  } else if (!before && message.user !== data.me.id) {
    unread.add(channel.kind === 'im' ? 'home' : channel.id);
    drawSidebar();
  }
}

function gone({ channel: id, ts }) {
  const channel = channelOf(id);
  if (!channel) return;
  channel.messages = channel.messages.filter((message) => message.ts !== ts);
  if (id !== here) return;
  shown.list?.take(ts);
  shown.thread?.take(ts);
}

function tell({ user, text, blocks, isEphemeral }) {
  if (user === data.me.id) return;
  const words = bare(text) || bare(blocks[0]?.text?.text ?? '');
  announce(`${page().names.person(user)}${isEphemeral ? ', only to you' : ''}: ${words}`);
}

/** Shows a channel, or the app. */
function open(to) {
  const isApp = to === 'home' && data.app.isInstalled;
  const channel = channelOf(to);
  here = isApp
    ? 'home'
    : channel && channel.kind !== 'im'
      ? channel.id
      : data.channels.find(({ kind }) => kind !== 'im')?.id;
  history.replaceState(null, '', `#/${seat}/${here}`);
  unread.delete(here);
  at('app').classList.remove('nav-open');
  closeThread();
  shown = { list: null, thread: null, home: null };
  if (isApp) drawApp('home');
  else drawChannel(channelOf(here));
  drawSidebar();
}

function drawSidebar() {
  sidebar(at('sidebar'), { data, lobby, here, unread, seat, theme, go: (to) => `#/${seat}/${to}` });
}

function drawChannel(channel) {
  at('top').replaceChildren(
    navButton(),
    h('h2', {}, icon(channel.kind === 'private' ? 'lock' : 'hash'), channel.name),
    h('span', { class: 'count' }, `${channel.members} members`),
  );
  document.title = `#${channel.name} · ${data.workspace.name}`;
  drawMessages(channel, welcome(channel.name));
}

function drawMessages(channel, intro) {
  const line = composer({
    id: 'composer',
    label: `Message ${channel.kind === 'im' ? channel.name : `#${channel.name}`}`,
    commands: data.app.isInstalled ? data.app.commands : [],
    send: (text) => ask(`${seat}/say`, { channel: channel.id, text }),
  });
  shown.list = messageList(page(), {
    label: `Messages in ${channel.name}`,
    isIn: ({ threadTs, ts }) => threadTs === null || threadTs === ts,
    openThread,
    welcome: intro(line),
  });
  at('content').replaceChildren(shown.list.node);
  at('foot').replaceChildren(line.node);
  shown.list.fill(channel.messages);
}

function welcome(name) {
  return (line) =>
    h(
      'div',
      { class: 'welcome' },
      h('h3', {}, icon('hash'), name),
      h('p', {}, 'This is where the channel begins. Try a command:'),
      h(
        'div',
        { class: 'tries' },
        data.suggestions.map((one) =>
          h('button', { type: 'button', class: 'try', onclick: () => line.put(one) }, h('code', {}, one)),
        ),
      ),
    );
}

function drawApp(tab) {
  const { app } = data;
  const tabs = [
    ['home', 'Home'],
    ['messages', 'Messages'],
  ];
  const choose = (one) => {
    drawApp(one);
    at('top').querySelector(`[data-tab="${one}"]`)?.focus();
  };
  at('top').replaceChildren(
    navButton(),
    h('h2', {}, app.name),
    h(
      'div',
      {
        class: 'tabs',
        role: 'tablist',
        'aria-label': app.name,
        onkeydown: ({ key }) =>
          ['ArrowLeft', 'ArrowRight'].includes(key) && choose(tab === 'home' ? 'messages' : 'home'),
      },
      tabs.map(([id, label]) =>
        h(
          'button',
          {
            type: 'button',
            role: 'tab',
            'data-tab': id,
            'aria-selected': String(id === tab),
            'aria-controls': 'content',
            tabIndex: id === tab ? 0 : -1,
            onclick: () => choose(id),
          },
          label,
        ),
      ),
    ),
  );
  document.title = `${app.name} · ${data.workspace.name}`;
  void ask(`${seat}/home`, { tab });
  closeThread();
  shown = { list: null, thread: null, home: null };
  const channel = direct();
  if (tab === 'messages' && channel) {
    drawMessages(channel, () => h('div', { class: 'welcome' }, h('p', {}, `This is between you and ${app.name}.`)));
    return;
  }
  shown.home = home(page(), app);
  at('content').replaceChildren(shown.home.node);
  at('foot').replaceChildren();
  shown.home.show(data.home);
}

function openThread(ts) {
  threadTs = ts;
  const channel = channelOf(here === 'home' ? direct()?.id : here);
  const back = document.activeElement;
  shown.thread = messageList(page(), { label: 'Thread', isIn: (one) => one.ts === ts || one.threadTs === ts });
  const line = composer({
    label: 'Reply…',
    commands: [],
    send: (text) => ask(`${seat}/say`, { channel: channel.id, text, threadTs: ts }),
  });
  const aside = at('thread');
  const close = () => {
    closeThread();
    const again = at('content').querySelector(`[data-ts="${ts}"] .replies`);
    (back?.isConnected ? back : again)?.focus();
  };
  aside.onkeydown = ({ key }) => key === 'Escape' && close();
  aside.replaceChildren(
    h(
      'header',
      { class: 'top' },
      h('h2', {}, 'Thread'),
      h('button', { type: 'button', class: 'close', 'aria-label': 'Close thread', onclick: close }, icon('close')),
    ),
    shown.thread.node,
    line.node,
  );
  aside.hidden = false;
  at('app').classList.add('with-thread');
  shown.thread.fill(channel.messages);
  aside.querySelector('textarea').focus();
}

function closeThread() {
  threadTs = null;
  at('thread').hidden = true;
  at('app').classList.remove('with-thread');
  at('thread').replaceChildren();
}

function navButton() {
  return h(
    'button',
    {
      type: 'button',
      class: 'nav',
      'aria-label': 'Channels and people',
      onclick: () => at('app').classList.toggle('nav-open'),
    },
    icon('menu'),
  );
}

function page() {
  return { seat, names: namesIn(data), choices: choicesIn(data, here) };
}

function channelOf(id) {
  return data.channels.find((channel) => channel.id === id);
}

function direct() {
  return data.channels.find(({ kind }) => kind === 'im');
}
