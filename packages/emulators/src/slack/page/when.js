const FORMATS = {
  date_num: (date) => date.toLocaleDateString('en-CA'),
  date: (date) => date.toLocaleDateString('en', { month: 'long', day: 'numeric', year: 'numeric' }),
  date_short: (date) => date.toLocaleDateString('en', { month: 'short', day: 'numeric', year: 'numeric' }),
  date_long: (date) =>
    date.toLocaleDateString('en', { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }),
  date_pretty: (date) => pretty(date) ?? FORMATS.date(date),
  date_short_pretty: (date) => pretty(date) ?? FORMATS.date_short(date),
  date_long_pretty: (date) => pretty(date) ?? FORMATS.date_long(date),
  time: (date) => date.toLocaleTimeString('en', { hour: 'numeric', minute: '2-digit' }),
  time_secs: (date) => date.toLocaleTimeString('en', { hour: 'numeric', minute: '2-digit', second: '2-digit' }),
  ago: (date) => ago(date),
};

/** A date as an app asks for it: `{date_short_pretty} at {time}`. https://docs.slack.dev/messaging/formatting-message-text */
export function dated(seconds, format) {
  const date = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, name) => FORMATS[name]?.(date) ?? whole);
}

/** When a message was said: `9:41 AM`. */
export function timeOf(ts) {
  return FORMATS.time(new Date(Number(ts) * 1000));
}

export function dayOf(ts) {
  const date = new Date(Number(ts) * 1000);
  const said = pretty(date);
  return said ? said.charAt(0).toUpperCase() + said.slice(1) : FORMATS.date_long(date);
}

function pretty(date) {
  const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
  return { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[days] ?? null;
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function ago(date) {
  const minutes = Math.round((date.getTime() - Date.now()) / 60_000);
  const relative = new Intl.RelativeTimeFormat('en');
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
  return Math.abs(minutes) < 1440
    ? relative.format(Math.round(minutes / 60), 'hour')
    : relative.format(Math.round(minutes / 1440), 'day');
}
