import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PLAIN } from './app/manifest.ts';
import { SEED } from './seed.ts';
import { type Slack, startSlack } from './start.ts';
import { cluster } from './testing/small-blocks.ts';

let slack: Slack;
let client: WebClient;

beforeEach(async () => {
  slack = await startSlack();
  client = clientOf(slack);
});
afterEach(() => slack.close());

function clientOf({ env }: Slack, token = env.SLACK_BOT_TOKEN): WebClient {
  return new WebClient(token, {
    slackApiUrl: env.SLACK_API_URL ?? '',
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
  });
}

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: { data?: { error: string }; code: string }) => error.data?.error ?? error.code,
  );
}

function idOf(channel: string): string {
  const found = [...slack.control.workspace().channels.values()].find(({ name }) => name === channel);
  return found?.id ?? '';
}

test('a message is posted, updated in place and deleted', async () => {
  const { ts = '', channel = '' } = await client.chat.postMessage({
    channel: '#data-science',
    ...cluster('pending', 4),
  });
  expect(slack.control.messages('data-science')).toMatchObject([{ ts, text: 'amber-finch is pending, 4 workers' }]);
  await client.chat.update({ channel, ts, ...cluster('ready', 4) });
  expect(slack.control.messages('data-science')).toMatchObject([{ ts, text: 'amber-finch is ready, 4 workers' }]);
  // Text alone takes the blocks away, as Slack does.
  await client.chat.update({ channel, ts, text: 'plain' });
  expect(slack.control.messages('data-science')).toMatchObject([{ text: 'plain', blocks: [] }]);
  await client.chat.delete({ channel, ts });
  expect(slack.control.messages('data-science')).toEqual([]);
});

test('calls are refused as Slack refuses them', async () => {
  const { control } = slack;
  const general = idOf('general');
  const mine = await client.chat.postMessage({ channel: general, text: 'mine' });
  await control.person('mira').say('general', 'hers');
  const hers = control.messages('general').at(-1)?.ts ?? '';
  await client.chat.postEphemeral({ channel: general, user: control.person('mira').person.id, text: 'only you' });
  const ephemeral = control.ephemeral()[0]?.ts ?? '';
  expect(control.person('jonas').messages('general')).toHaveLength(2);

  expect(await refusal(client.apiCall('chat.shout'))).toBe('unknown_method');
  expect(await refusal(clientOf(slack, 'xoxb-none').auth.test())).toBe('invalid_auth');
  expect(await refusal(new WebClient(undefined, { slackApiUrl: slack.env.SLACK_API_URL ?? '' }).auth.test())).toBe(
    'not_authed',
  );
  expect(await refusal(client.chat.postMessage({ channel: 'C404', text: 'x' }))).toBe('channel_not_found');
  expect(await refusal(client.chat.postMessage({ channel: general, text: '' }))).toBe('no_text');
  expect(await refusal(client.chat.postMessage({ channel: general, text: 'x', thread_ts: '1.2' }))).toBe(
    'thread_not_found',
  );
  expect(await refusal(client.chat.update({ channel: general, ts: '1.2', text: 'x' }))).toBe('message_not_found');
  expect(await refusal(client.chat.update({ channel: general, ts: hers, text: 'x' }))).toBe('cant_update_message');
  expect(await refusal(client.chat.update({ channel: general, ts: ephemeral, text: 'x' }))).toBe('message_not_found');
  expect(await refusal(client.chat.postEphemeral({ channel: general, user: 'U404', text: 'x' }))).toBe(
    'user_not_in_channel',
  );
  expect(
    await refusal(
      client.views.open({
        trigger_id: '1.2.3',
        view: { type: 'modal', title: { type: 'plain_text', text: 'T' }, blocks: [] },
      }),
    ),
  ).toBe('invalid_trigger_id');
  expect(await refusal(client.usergroups.users.list({ usergroup: 'S404' }))).toBe('no_such_subteam');
  expect(await refusal(client.apps.connections.open())).toBe('not_allowed_token_type');
  expect(mine.ok).toBe(true);
});

test('a scope that the app has not is named, with those that it has', async () => {
  await slack.close();
  slack = await startSlack({ manifest: { ...PLAIN, oauth_config: { scopes: { bot: ['chat:write'] } } } });
  const failed = await clientOf(slack)
    .users.info({ user: 'U1' })
    .catch((error) => error.data);
  expect(failed).toMatchObject({ error: 'missing_scope', needed: 'users:read', provided: 'chat:write' });
});

test('channels that the app is not in take nothing from it', async () => {
  await slack.close();
  slack = await startSlack({
    workspaces: [
      {
        ...SEED,
        channels: [
          { name: 'open', withApp: false },
          { name: 'closed', isPrivate: true, withApp: false },
        ],
      },
    ],
  });
  client = clientOf(slack);
  expect(await refusal(client.chat.postMessage({ channel: idOf('open'), text: 'x' }))).toBe('not_in_channel');
  expect(await refusal(client.chat.postMessage({ channel: idOf('closed'), text: 'x' }))).toBe('channel_not_found');
  await client.conversations.join({ channel: idOf('open') });
  expect(await refusal(client.chat.postMessage({ channel: idOf('open'), text: 'x' }))).toBe('done');
  await slack.control.person('mira').say('closed', '/invite @daskup');
  expect(await refusal(client.chat.postMessage({ channel: idOf('closed'), text: 'x' }))).toBe('done');
});

test('people, groups and direct messages are there to be read', async () => {
  const { person, workspace } = slack.control.person('priya');
  const approvers = [...workspace.groups.values()].find(({ handle }) => handle === 'dask-approvers')?.id ?? '';
  expect((await client.usergroups.users.list({ usergroup: approvers })).users).toEqual([person.id]);
  expect((await client.users.info({ user: person.id })).user).toMatchObject({
    name: 'priya',
    real_name: 'Priya Raman',
  });
  const direct = (await client.conversations.open({ users: person.id })).channel?.id ?? '';
  expect(direct).toMatch(/^D/);
  await client.chat.postMessage({ channel: person.id, text: 'between us' });
  expect(slack.control.person('priya').messages(direct)).toMatchObject([{ text: 'between us' }]);
  expect((await client.conversations.info({ channel: direct })).channel).toMatchObject({ is_im: true });
});

test('rates are kept: a message a second a channel, a tier’s calls a minute a method', async () => {
  const post = (channel: string) => refusal(client.chat.postMessage({ channel, text: 'x' }));
  const burst = await Promise.all(Array.from({ length: 6 }, () => post('general')));
  expect(burst.filter((one) => one === 'slack_webapi_rate_limited_error')).toHaveLength(3);
  expect(await post('data-science')).toBe('done');
  slack.control.advance(1000);
  expect(await post('general')).toBe('done');

  const { ts = '', channel = '' } = await client.chat.postMessage({ channel: 'data-science', text: 'x' });
  const updates = [];
  for (let n = 0; n < 51; n++) updates.push(await refusal(client.chat.update({ channel, ts, text: `${n}` })));
  expect(updates.indexOf('slack_webapi_rate_limited_error')).toBe(50);
  const limited = await client.chat.update({ channel, ts, text: 'x' }).catch((error) => error);
  expect(limited.retryAfter).toBeGreaterThan(30);
  slack.control.advance(60_000);
  expect(await refusal(client.chat.update({ channel, ts, text: 'x' }))).toBe('done');
  expect(slack.control.throttled()).toEqual({
    [slack.control.workspace().id]: { 'chat.postMessage': 3, 'chat.update': 2 },
  });
});

test('faults: refused, away, throttled, and done without an answer', async () => {
  const post = () => refusal(client.chat.postMessage({ channel: 'general', text: 'x' }));
  slack.control.setFaults({ refused: { 'chat.postMessage': 'fatal_error' } });
  expect(await post()).toBe('fatal_error');
  slack.control.setFaults({ refused: {}, status: { '*': 503 } });
  expect(await post()).toBe('slack_webapi_http_error');
  slack.control.setFaults({ status: {}, rateLimited: { '*': 30 } });
  expect(await post()).toBe('slack_webapi_rate_limited_error');
  expect(slack.control.messages('general')).toHaveLength(0);
  slack.control.setFaults({ rateLimited: {}, failAfter: { 'chat.postMessage': 1 } });
  expect(await post()).toBe('slack_webapi_http_error');
  expect(slack.control.messages('general')).toHaveLength(1);
  expect(await post()).toBe('done');
  slack.control.calm();
  expect(slack.control.calls()).toEqual({ [slack.control.workspace().id]: { 'chat.postMessage': 5 } });
});

test('OAuth: somebody allows the app, and what it fetches works once', async () => {
  await slack.close();
  const redirect = 'http://127.0.0.1:1/slack/oauth_redirect';
  slack = await startSlack({
    redirectUrls: [redirect],
    workspaces: [SEED, { ...SEED, name: 'Other', domain: 'other', isInstalled: false }],
  });
  const { workspace, person } = slack.control.person('tomas', 'other');
  const { SLACK_CLIENT_ID: client_id = '', SLACK_CLIENT_SECRET: client_secret = '' } = slack.env;
  const url = new URL(slack.env.SLACK_AUTHORIZE_URL ?? '');
  url.search = String(
    new URLSearchParams({ client_id, scope: 'chat:write,commands', state: 'st', redirect_uri: redirect }),
  );
  expect(await (await fetch(url)).text()).toContain('Tomás');
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ who: `${workspace.id}/${person.id}`, answer: 'allow' }),
  });
  const back = new URL(answer.headers.get('location') ?? '');
  expect(back.searchParams.get('state')).toBe('st');
  const code = back.searchParams.get('code') ?? '';
  const open = new WebClient(undefined, { slackApiUrl: slack.env.SLACK_API_URL ?? '' });
  const access = (more: object) =>
    open.oauth.v2.access({ client_id, client_secret, code, redirect_uri: redirect, ...more });
  expect(await refusal(access({ client_secret: 'x' }))).toBe('bad_client_secret');
  expect(await refusal(access({ redirect_uri: 'http://elsewhere' }))).toBe('bad_redirect_uri');
  const granted = await access({});
  expect(granted).toMatchObject({
    team: { id: workspace.id, name: 'Other' },
    scope: 'chat:write,commands',
    authed_user: { id: person.id },
  });
  expect(await refusal(access({}))).toBe('code_already_used');
  const there = clientOf(slack, granted.access_token);
  expect(await there.auth.test()).toMatchObject({ team_id: workspace.id });
  await there.auth.revoke();
  expect(await refusal(there.auth.test())).toBe('account_inactive');
  url.searchParams.set('redirect_uri', 'http://evil.example');
  expect((await fetch(url)).status).toBe(400);
});

test('a page of elsewhere can do nothing here', async () => {
  const { person, workspace } = slack.control.person('mira');
  const say = (headers: Record<string, string>) =>
    fetch(`${slack.url}/client/${workspace.id}/${person.id}/say`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ channel: 'general', text: 'hi' }),
    });
  expect((await say({ 'content-type': 'application/json', origin: 'http://evil.example' })).status).toBe(403);
  expect((await say({ 'content-type': 'text/plain' })).status).toBe(415);
  expect(slack.control.messages('general')).toHaveLength(0);
  expect((await say({ 'content-type': 'application/json', origin: slack.url })).status).toBe(200);
  expect(slack.control.messages('general')).toHaveLength(1);
});
