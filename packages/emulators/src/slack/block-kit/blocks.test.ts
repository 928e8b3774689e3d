import { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Slack, startSlack } from '../start.ts';
import { cluster, home, options } from '../testing/small-blocks.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack();
});
afterAll(() => slack.close());

/** What Slack says of these blocks in a message. */
async function said(blocks: unknown): Promise<unknown> {
  slack.control.advance(60_000);
  const response = await fetch(`${slack.env.SLACK_API_URL}chat.postMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${slack.env.SLACK_BOT_TOKEN}` },
    body: JSON.stringify({ channel: 'general', text: 'x', blocks }),
  });
  const { ok, error, errors } = (await response.json()) as { ok: boolean; error?: string; errors?: string[] };
  return ok ? 'posted' : (errors ?? error);
}

const plain = (text: string) => ({ type: 'plain_text', text });
const button = (more: object = {}) => ({ type: 'button', text: plain('Go'), action_id: 'go', ...more });
const chart = (chart: object) => ({ type: 'data_visualization', title: 'T', chart });
const cells = (...texts: string[]) => texts.map((text) => ({ type: 'raw_text', text }));

test.each([
  ['what is right', cluster('ready', 4).blocks, 'posted'],
  ['charts and tables', home().blocks, 'posted'],
  ['51 blocks', Array(51).fill({ type: 'divider' }), ['no more than 50 items allowed [json-pointer:/blocks]']],
  ['no blocks at all', 'nonsense', 'invalid_blocks_format'],
  ['a type that is none', [{ type: 'marquee' }], ['unsupported type: marquee [json-pointer:/blocks/0/type]']],
  ['no type', [{}], ['missing required field: type [json-pointer:/blocks/0]']],
  [
    '3,001 characters',
    [{ type: 'section', text: plain('x'.repeat(3001)) }],
    ['must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
  ],
  ['no text', [{ type: 'section' }], ['missing required field: text [json-pointer:/blocks/0]']],
  [
    'empty text',
    [{ type: 'section', text: plain('') }],
    ['must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
  ],
  [
    'a header of 151',
    [{ type: 'header', text: plain('x'.repeat(151)) }],
    ['must be less than 151 characters [json-pointer:/blocks/0/text/text]'],
  ],
  [
    'a header of mrkdwn',
    [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }],
    ['must be a valid enum value [json-pointer:/blocks/0/text/type]'],
  ],
  [
    'eleven fields',
    [{ type: 'section', fields: Array(11).fill(plain('x')) }],
    ['no more than 10 items allowed [json-pointer:/blocks/0/fields]'],
  ],
  [
    'a property that is none',
    [{ type: 'divider', colour: 'red' }],
    ['invalid additional property: colour [json-pointer:/blocks/0]'],
  ],
  [
    '26 buttons',
    [{ type: 'actions', elements: Array.from({ length: 26 }, (_, n) => button({ action_id: `${n}` })) }],
    ['no more than 25 items allowed [json-pointer:/blocks/0/elements]'],
  ],
  [
    'a long button',
    [{ type: 'actions', elements: [button({ text: plain('x'.repeat(76)) })] }],
    ['must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]'],
  ],
  [
    'a style that is none',
    [{ type: 'actions', elements: [button({ style: 'warning' })] }],
    ['must be a valid enum value [json-pointer:/blocks/0/elements/0/style]'],
  ],
  [
    'an action twice',
    [{ type: 'actions', elements: [button(), button()] }],
    ['`action_id` "go" already exists for another action [json-pointer:/blocks/0]'],
  ],
  [
    'a block twice',
    [
      { type: 'divider', block_id: 'b' },
      { type: 'divider', block_id: 'b' },
    ],
    ['`block_id` "b" already exists for another block [json-pointer:/blocks/1/block_id]'],
  ],
  [
    'a text input outside of an input',
    [{ type: 'actions', elements: [{ type: 'plain_text_input' }] }],
    ['unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]'],
  ],
  [
    '101 options',
    [
      {
        type: 'actions',
        elements: [
          {
            type: 'static_select',
            options: Array.from({ length: 101 }, (_, n) => ({ text: plain('x'), value: `${n}` })),
          },
        ],
      },
    ],
    ['no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]'],
  ],
  [
    'seven slices',
    [chart({ type: 'pie', segments: Array.from({ length: 7 }, (_, n) => ({ label: `${n}`, value: 1 })) })],
    ['no more than 6 items allowed [json-pointer:/blocks/0/chart/segments]'],
  ],
  [
    'an empty slice',
    [chart({ type: 'pie', segments: [{ label: 'x', value: 0 }] })],
    ['must be more than 0 [json-pointer:/blocks/0/chart/segments/0/value]'],
  ],
  [
    'a label of 21',
    [chart({ type: 'pie', segments: [{ label: 'x'.repeat(21), value: 1 }] })],
    ['must be less than 21 characters [json-pointer:/blocks/0/chart/segments/0/label]'],
  ],
  [
    'a series without a point',
    [
      chart({
        type: 'line',
        series: [{ name: 's', data: [{ label: 'a', value: 1 }] }],
        axis_config: { categories: ['a', 'b'] },
      }),
    ],
    ['data must have one point for each of the categories [json-pointer:/blocks/0/chart/series/0/data]'],
  ],
  [
    'a table without caption',
    [{ type: 'data_table', rows: [cells('a'), cells('b')] }],
    ['missing required field: caption [json-pointer:/blocks/0]'],
  ],
  [
    '102 rows',
    [{ type: 'data_table', caption: 'c', rows: Array(102).fill(cells('a')) }],
    ['no more than 101 items allowed [json-pointer:/blocks/0/rows]'],
  ],
  [
    'ragged rows',
    [{ type: 'data_table', caption: 'c', rows: [cells('a', 'b'), cells('a')] }],
    ['all rows must have the same number of cells [json-pointer:/blocks/0/rows/1]'],
  ],
  [
    'a table too long',
    [{ type: 'data_table', caption: 'c', rows: [cells('a'), cells('x'.repeat(10_000))] }],
    ['tables must have less than 10001 characters in all [json-pointer:/blocks]'],
  ],
  ['five sections of 3,000', Array(5).fill({ type: 'section', text: plain('x'.repeat(3000)) }), 'msg_blocks_too_long'],
])('%s', async (_, blocks, answer) => {
  expect(await said(blocks)).toEqual(answer);
});

test.each([
  ['what is right', options('C1'), 'opened'],
  [
    'a title of 25',
    { ...options('C1'), title: plain('x'.repeat(25)) },
    ['[ERROR] must be less than 25 characters [json-pointer:/view/title/text]'],
  ],
  [
    'inputs and no submit',
    { ...options('C1'), submit: undefined },
    ['[ERROR] missing required field: submit [json-pointer:/view]'],
  ],
  ['a home as a modal', home(), ['[ERROR] must be a valid enum value [json-pointer:/view/type]']],
  [
    '101 blocks',
    { ...options('C1'), blocks: Array(101).fill({ type: 'divider' }) },
    ['[ERROR] no more than 100 items allowed [json-pointer:/view/blocks]'],
  ],
])('a modal: %s', async (_, view, answer) => {
  const client = new WebClient(slack.env.SLACK_BOT_TOKEN, { slackApiUrl: slack.env.SLACK_API_URL ?? '' });
  const failed = await client.views.open({ trigger_id: '1.2.3', view: view as never }).catch((error) => error.data);
  if (answer === 'opened') expect(failed.error).toBe('invalid_trigger_id');
  else expect(failed).toMatchObject({ error: 'invalid_arguments', response_metadata: { messages: answer } });
});
