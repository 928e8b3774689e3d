/** What ids mean to the person who looks. */
export function namesIn({ people, groups, channels, app }) {
  const person = new Map([
    ...people.map(({ id, realName }) => [id, realName]),
    [app.user, app.name],
    ['USLACKBOT', 'Slackbot'],
  ]);
  const group = new Map(groups.map(({ id, handle }) => [id, handle]));
  const channel = new Map(channels.map(({ id, name }) => [id, name]));
  return {
    person: (id) => person.get(id) ?? id,
    group: (id) => group.get(id),
    channel: (id) => channel.get(id),
  };
}

/** What menus of people and channels offer. */
export function choicesIn({ people, channels }, here) {
  const option = (value, text) => ({ value, text: { type: 'plain_text', text } });
  return {
    here,
    people: people.map(({ id, realName }) => option(id, realName)),
    channels: channels.filter(({ kind }) => kind !== 'im').map(({ id, name }) => option(id, `#${name}`)),
  };
}

/** One of eight colours for somebody, always the same. */
export function hueOf(id) {
  return [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 8;
}

export function initialsOf(name) {
  return name
    .split(/\s+/)
    .map((word) => word[0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase();
}
