import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifySlackRequest } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Slack, startSlack } from './start.ts';
import { startSmallApp } from './testing/small-app.ts';
import { options } from './testing/small-blocks.ts';
import { until } from './testing/until.ts';

let slack: Slack;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

describe.each(['http', 'socket'] as const)('an app of Bolt over %s', (way) => {
  let app: Awaited<ReturnType<typeof startSmallApp>>;
  beforeEach(async () => {
    app = await startSmallApp(slack, way);
  });
  afterEach(() => app.stop());

  test('posts on a command, updates in place, writes in the thread, and ends on a button', async () => {
    const mira = slack.control.person('mira');
    expect(await mira.say('data-science', '/dask up 4 spot')).toEqual({ ok: true });
    await until('the thread', () => mira.messages('data-science').length === 2);
    const [message, reply] = mira.messages('data-science');
    expect(message?.text).toBe('amber-finch is ready, 4 workers');
    expect(reply?.threadTs).toBe(message?.ts);
    const on = { channel: 'data-science', ts: message?.ts ?? '' };
    expect(await mira.press({ on, action: 'scale', entry: '8' })).toEqual({ ok: true });
    expect(await mira.press({ on, action: 'down' })).toEqual({ ok: true });
    await until('the end', () => mira.messages('data-science').length === 3);
    expect(mira.messages('data-science')[0]?.text).toBe('amber-finch is ended, 4 workers');
    // What the response URL said was for her alone.
    expect(slack.control.person('jonas').messages('data-science')).toHaveLength(2);
    expect(app.noted).toEqual(['up 4 spot', 'scale 8', 'down']);
    // It is not there any more, but somebody may still see it.
    expect(await mira.press({ on, action: 'down' })).toMatchObject({ ok: false });
    expect(slack.control.receipts().map(({ name, failure }) => [name, failure])).toEqual([
      ['/dask', null],
      ['block_actions', null],
      ['block_actions', null],
    ]);
  });

  test('opens a modal, marks what is wrong in it, and hears of its close', async () => {
    const mira = slack.control.person('mira');
    await mira.say('data-science', '/dask');
    await until('the modal', () => mira.modals().length === 1);
    expect(await mira.submit({ workers: { workers: '0' } })).toMatchObject({
      fields: { workers: 'Please enter a number of at least 1.' },
    });
    expect(await mira.submit({ workers: { workers: '101' } })).toMatchObject({
      fields: { workers: 'At most 100 workers.' },
    });
    expect(await mira.submit({ workers: { workers: '7' } })).toEqual({ ok: true });
    expect(mira.modals()).toEqual([]);
    await until('the message', () => mira.messages('data-science').length === 1);
    expect(mira.messages('data-science')[0]?.text).toBe('amber-finch is ready, 7 workers');
    await mira.say('data-science', '/dask');
    await until('the second modal', () => mira.modals().length === 1);
    await mira.close();
    expect(app.noted).toEqual(['', 'submit 101', 'submit 7', '', 'closed']);
  });

  test('answers in its acknowledgement, publishes a Home, and hears that it is removed', async () => {
    const wen = slack.control.person('wen');
    await wen.say('general', '/dask help');
    expect(wen.messages('general')).toMatchObject([{ ephemeralTo: wen.person.id, text: /makes a cluster/ }]);
    expect(await wen.say('general', '/nothing')).toMatchObject({ error: '/nothing is not a valid command.' });
    wen.openHome();
    await until('the Home', () => wen.home() !== null);
    expect(slack.control.person('mira').home()).toBeNull();
    slack.control.uninstall();
    await until('the removal', () => app.noted.includes('uninstalled'));
    expect(await wen.say('general', '/dask help')).toMatchObject({ ok: false });
  });
});

test('a request URL of Bolt proves itself, and one where nobody is does not', async () => {
  const app = await startSmallApp(slack, 'http');
  expect(await slack.control.verifyRequestUrl()).toBe(true);
  slack.control.deliverTo('http://127.0.0.1:1/slack/events');
  expect(await slack.control.verifyRequestUrl()).toBe(false);
  await app.stop();
});

test('sockets: Slack may refresh and cut them, and the app comes back', async () => {
  const app = await startSmallApp(slack, 'socket');
  const mira = slack.control.person('mira');
  for (const reason of ['refresh_requested', 'cut'] as const) {
    slack.control.disconnect(reason);
    await until('no socket', () => slack.control.sockets() === 0);
    expect(await mira.say('general', '/dask help')).toMatchObject({ error: /dispatch_failed/ });
    await until('a socket', () => slack.control.sockets() === 1);
    expect(await mira.say('general', '/dask help')).toEqual({ ok: true });
  }
  expect(app.noted).toEqual(['help', 'help']);
  await app.stop();
});

describe('an app that takes requests by itself', () => {
  /** What came, and what is to be answered. */
  const got: { readonly request: IncomingMessage; readonly body: string }[] = [];
  let answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string>; body?: string } | null;
  let server: Server;

  beforeEach(async () => {
    got.length = 0;
    answer = () => ({ status: 200 });
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      got.push({ request, body });
      const said = answer(request);
      if (said) response.writeHead(said.status, said.headers).end(said.body);
    }).listen(0, '127.0.0.1');
    await until('the server', () => server.listening);
    slack.control.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is given signatures that Bolt believes, and a body that nobody changed', async () => {
    await slack.control.person('mira').say('general', '/dask up 4 env=a+b & more');
    const [{ request, body } = { request: null, body: '' }] = got;
    const headers = {
      'x-slack-signature': String(request?.headers['x-slack-signature']),
      'x-slack-request-timestamp': Number(request?.headers['x-slack-request-timestamp']),
    };
    const signingSecret = slack.env.SLACK_SIGNING_SECRET ?? '';
    expect(() => verifySlackRequest({ signingSecret, body, headers })).not.toThrow();
    expect(() => verifySlackRequest({ signingSecret, body: body + ' ', headers })).toThrow();
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const form = Object.fromEntries(new URLSearchParams(body));
    expect(form).toMatchObject({
      command: '/dask',
      text: 'up 4 env=a+b & more',
      user_name: 'mira',
      channel_name: 'general',
    });
  });

  test('is told of an event again when it does not take it: at once, in a minute, in five', async () => {
    answer = () => ({ status: 500 });
    slack.control.person('mira').openHome();
    await until('the first retry', () => got.length === 2);
    slack.control.advance(60_000);
    await until('the second', () => got.length === 3);
    slack.control.advance(300_000);
    await until('the third', () => got.length === 4);
    slack.control.advance(3_600_000);
    // Were there a fourth, it would come before the next event.
    answer = () => ({ status: 500, headers: { 'x-slack-no-retry': '1' } });
    slack.control.person('mira').openHome();
    await until('the next event', () => got.length === 5);
    slack.control.advance(60_000);
    answer = () => ({ status: 200 });
    slack.control.person('mira').openHome();
    await until('the last event', () => got.length === 6);
    const retries = got.map(({ request: { headers } }) => [
      headers['x-slack-retry-num'],
      headers['x-slack-retry-reason'],
    ]);
    const first = [undefined, undefined];
    expect(retries).toEqual([first, ['1', 'http_error'], ['2', 'http_error'], ['3', 'http_error'], first, first]);
    expect(new Set(got.map(({ body }) => JSON.parse(body).event_id)).size).toBe(3);
  });

  test('has three seconds, and what it is told may come twice', async () => {
    const mira = slack.control.person('mira');
    answer = () => null;
    expect(await mira.say('general', '/dask up 4')).toEqual({
      ok: false,
      error: '/dask failed with the error "operation_timeout"',
    });
    expect(mira.messages('general')).toMatchObject([{ user: 'USLACKBOT', ephemeralTo: mira.person.id }]);
    answer = () => ({ status: 200 });
    slack.control.setFaults({ duplicates: { slash_commands: 1 } });
    await mira.say('general', '/dask up 4');
    await until('the duplicate', () => got.length === 3);
    const triggers = got.map(({ body }) => new URLSearchParams(body).get('trigger_id'));
    expect(triggers[1]).toBe(triggers[2]);
  });

  test('may use a trigger once and for three seconds, a response URL five times and for half an hour', async () => {
    const client = new WebClient(slack.env.SLACK_BOT_TOKEN, { slackApiUrl: slack.env.SLACK_API_URL ?? '' });
    const mira = slack.control.person('mira');
    const command = async () => {
      await mira.say('general', '/dask');
      const form = new URLSearchParams(got.at(-1)?.body);
      return { trigger_id: form.get('trigger_id') ?? '', url: form.get('response_url') ?? '' };
    };
    const open = (trigger_id: string) =>
      client.views.open({ trigger_id, view: options('C1') }).then(
        () => 'opened',
        (error) => error.data.error,
      );
    const first = await command();
    expect(await open(first.trigger_id)).toBe('opened');
    expect(await open(first.trigger_id)).toBe('exchanged_trigger_id');
    const second = await command();
    slack.control.advance(3100);
    expect(await open(second.trigger_id)).toBe('expired_trigger_id');

    const respond = async (url: string, body: unknown) => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      return [response.status, ((await response.json()) as { error?: string }).error];
    };
    for (let use = 0; use < 5; use++) expect(await respond(first.url, { text: `${use}` })).toEqual([200, undefined]);
    expect(await respond(first.url, { text: 'six' })).toEqual([404, 'used_url']);
    expect(await respond(second.url, { blocks: [{ type: 'marquee' }] })).toEqual([400, 'invalid_blocks']);
    slack.control.advance(31 * 60_000);
    expect(await respond(second.url, { text: 'late' })).toEqual([404, 'expired_url']);
    expect(slack.control.ephemeral()).toHaveLength(5);
    slack.control.setFaults({ loseEphemeral: true });
    const third = await command();
    expect(await respond(third.url, { text: 'lost' })).toEqual([200, undefined]);
    expect(slack.control.ephemeral()).toHaveLength(5);
  });
});
