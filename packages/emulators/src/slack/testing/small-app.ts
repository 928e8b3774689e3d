import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import type { Slack } from '../start.ts';
import { cluster, home, options } from './small-blocks.ts';

/** An app as its authors write it, with Bolt, over either way in. Each command and press is noted once. */
export async function startSmallApp(slack: Slack, way: 'http' | 'socket') {
  const { SLACK_API_URL: slackApiUrl, SLACK_BOT_TOKEN: token, SLACK_SIGNING_SECRET, SLACK_APP_TOKEN } = slack.env;
  const clientOptions = { slackApiUrl: slackApiUrl ?? '' };
  const receiver =
    way === 'http'
      ? new HTTPReceiver({ signingSecret: SLACK_SIGNING_SECRET ?? '', logLevel: LogLevel.ERROR })
      : new SocketModeReceiver({
          appToken: SLACK_APP_TOKEN ?? '',
          installerOptions: { clientOptions },
          logLevel: LogLevel.ERROR,
          clientPingTimeout: 1000,
        });
  const app = new App({ token: token ?? '', receiver, clientOptions, logLevel: LogLevel.ERROR });
  const noted: string[] = [];
  let workers = 4;

  app.command('/dask', async ({ command, ack, client }) => {
    noted.push(command.text);
    if (command.text === 'help') return ack('`/dask up N` makes a cluster. `/dask` opens a form.');
    if (command.text === 'wrong') return ack({ response_type: 'ephemeral', text: 'There is no word `wrong`.' });
    await ack();
    if (command.text === '') {
      await client.views.open({ trigger_id: command.trigger_id, view: options(command.channel_id) });
      return;
    }
    const posted = await client.chat.postMessage({ channel: command.channel_id, ...cluster('pending', workers) });
    await client.chat.update({ channel: command.channel_id, ts: posted.ts ?? '', ...cluster('ready', workers) });
    await client.chat.postMessage({
      channel: command.channel_id,
      thread_ts: posted.ts ?? '',
      text: 'Four machines of `m7i.large` joined in 31 s.',
    });
  });

  app.view('up', async ({ ack, view, client }) => {
    const typed = view.state.values.workers?.workers?.value ?? '';
    noted.push(`submit ${typed}`);
    if (Number(typed) > 100) return ack({ response_action: 'errors', errors: { workers: 'At most 100 workers.' } });
    await ack();
    workers = Number(typed);
    await client.chat.postMessage({ channel: view.private_metadata, ...cluster('ready', workers) });
  });

  app.view({ callback_id: 'up', type: 'view_closed' }, async ({ ack }) => {
    noted.push('closed');
    await ack();
  });

  app.action('down', async ({ ack, body, client, respond }) => {
    noted.push('down');
    await ack();
    if (body.type !== 'block_actions' || !body.message || !body.channel) return;
    await client.chat.update({ channel: body.channel.id, ts: body.message.ts, ...cluster('ended', workers) });
    await respond({ text: 'It is ended.', replace_original: false });
  });

  app.action('scale', async ({ ack, action }) => {
    await ack();
    if (action.type === 'static_select') noted.push(`scale ${action.selected_option.value}`);
  });

  app.event('app_home_opened', async ({ event, client }) => {
    noted.push(`home ${event.tab}`);
    await client.views.publish({ user_id: event.user, view: home() });
  });

  app.event('app_uninstalled', async () => {
    noted.push('uninstalled');
  });

  const server = await app.start(0);
  if (way === 'http') {
    const { port } = (server as unknown as { address(): AddressInfo }).address();
    slack.control.deliverTo(`http://127.0.0.1:${port}/slack/events`);
  }
  return { noted, stop: () => app.stop() };
}
