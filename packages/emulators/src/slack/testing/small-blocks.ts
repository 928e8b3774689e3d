import type { HomeView, KnownBlock, ModalView } from '@slack/web-api';

const STATES = {
  pending: { emoji: ':hourglass_flowing_sand:', word: 'pending' },
  ready: { emoji: ':large_green_circle:', word: 'ready' },
  ended: { emoji: ':white_circle:', word: 'ended' },
};

/** A message about a cluster, with all that people press. */
export function cluster(state: keyof typeof STATES, workers: number): { text: string; blocks: KnownBlock[] } {
  const { emoji, word } = STATES[state];
  return {
    text: `amber-finch is ${word}, ${workers} workers`,
    blocks: [
      {
        type: 'section',
        block_id: 'top',
        text: {
          type: 'mrkdwn',
          text: `${emoji} *amber-finch* is ${word} in \`eu-west-2\`, owned by *Mira*\n<https://dask.example/amber|Dashboard> · ends <!date^1790000000^{date_short_pretty} at {time}|later>`,
        },
        ...(state === 'ended'
          ? {}
          : {
              accessory: {
                type: 'static_select' as const,
                action_id: 'scale',
                placeholder: { type: 'plain_text' as const, text: 'Scale' },
                options: ['2', '4', '8'].map((value) => ({
                  text: { type: 'plain_text' as const, text: `${value} workers` },
                  value,
                })),
              },
            }),
      },
      {
        type: 'section',
        block_id: 'facts',
        fields: [
          { type: 'mrkdwn', text: `*Workers*\n${workers} of ${workers}` },
          { type: 'mrkdwn', text: '*Price*\n$0.42/h, 71% below on-demand' },
          { type: 'mrkdwn', text: '*So far*\n$0.07' },
          { type: 'mrkdwn', text: '*Left*\n3 h 40 min' },
        ],
      },
      ...(state === 'ended'
        ? []
        : [
            {
              type: 'actions' as const,
              block_id: 'buttons',
              elements: [
                {
                  type: 'button' as const,
                  action_id: 'connect',
                  style: 'primary' as const,
                  text: { type: 'plain_text' as const, text: 'Connect' },
                },
                {
                  type: 'button' as const,
                  action_id: 'down',
                  style: 'danger' as const,
                  text: { type: 'plain_text' as const, text: 'Down' },
                  confirm: {
                    title: { type: 'plain_text' as const, text: 'End amber-finch?' },
                    text: { type: 'mrkdwn' as const, text: '*12 tasks* are running. It has cost $0.07.' },
                    confirm: { type: 'plain_text' as const, text: 'End it' },
                    deny: { type: 'plain_text' as const, text: 'Keep it' },
                    style: 'danger' as const,
                  },
                },
              ],
            },
          ]),
      {
        type: 'context',
        block_id: 'under',
        elements: [{ type: 'mrkdwn', text: 'Joined 31 s after `/dask up 4 spot`. Nothing is left behind.' }],
      },
    ],
  };
}

/** The form of a bare command. */
export function options(channel: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'up',
    private_metadata: channel,
    notify_on_close: true,
    title: { type: 'plain_text', text: 'New cluster' },
    submit: { type: 'plain_text', text: 'Make it' },
    close: { type: 'plain_text', text: 'Cancel' },
    blocks: [
      {
        type: 'input',
        block_id: 'workers',
        label: { type: 'plain_text', text: 'Workers' },
        hint: { type: 'plain_text', text: 'Each is one machine.' },
        element: {
          type: 'number_input',
          action_id: 'workers',
          is_decimal_allowed: false,
          min_value: '1',
          initial_value: '4',
        },
      },
      {
        type: 'input',
        block_id: 'market',
        label: { type: 'plain_text', text: 'Market' },
        element: {
          type: 'radio_buttons',
          action_id: 'market',
          initial_option: { text: { type: 'plain_text', text: 'Spot' }, value: 'spot' },
          options: [
            { text: { type: 'plain_text', text: 'Spot' }, value: 'spot' },
            { text: { type: 'plain_text', text: 'On-demand' }, value: 'on-demand' },
          ],
        },
      },
      {
        type: 'input',
        block_id: 'region',
        label: { type: 'plain_text', text: 'Region' },
        element: {
          type: 'static_select',
          action_id: 'region',
          initial_option: { text: { type: 'plain_text', text: 'This computer' }, value: 'local' },
          options: [
            { text: { type: 'plain_text', text: 'This computer' }, value: 'local' },
            { text: { type: 'plain_text', text: 'London' }, value: 'eu-west-2' },
          ],
        },
      },
      {
        type: 'input',
        block_id: 'extras',
        optional: true,
        label: { type: 'plain_text', text: 'Extras' },
        element: {
          type: 'checkboxes',
          action_id: 'extras',
          options: [
            { text: { type: 'mrkdwn', text: '*Adaptive*' }, value: 'adaptive' },
            { text: { type: 'mrkdwn', text: '*GPU*' }, value: 'gpu' },
          ],
        },
      },
    ],
  };
}

/** What a person's Home shows, charts and tables too. */
export function home(): HomeView {
  const chart = {
    type: 'data_visualization',
    title: 'Spend this week',
    chart: {
      type: 'bar',
      series: ['spot', 'on-demand'].map((name, series) => ({
        name,
        data: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'].map((label, day) => ({
          label,
          value: 3 + ((day * 7 + series * 5) % 9),
        })),
      })),
      axis_config: { categories: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], x_label: 'Day', y_label: '$' },
    },
  };
  return {
    type: 'home',
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: 'Your clusters' } },
      {
        type: 'data_table',
        caption: 'Clusters of the team',
        page_size: 3,
        rows: [
          ['Name', 'Owner', 'Workers', '$/h'].map((text) => ({ type: 'raw_text', text })),
          ...['amber-finch', 'blue-heron', 'coral-wren', 'dusky-swift'].map((name, row) => [
            { type: 'raw_text' as const, text: name },
            { type: 'raw_text' as const, text: ['Mira', 'Jonas', 'Priya', 'Mira'][row] ?? '' },
            { type: 'raw_number' as const, value: 4 * (row + 1), text: String(4 * (row + 1)) },
            { type: 'raw_number' as const, value: 0.42 * (row + 1), text: `$${(0.42 * (row + 1)).toFixed(2)}` },
          ]),
        ],
      },
      { type: 'divider' },
      chart as unknown as KnownBlock,
    ],
  };
}
