import * as z from 'zod/mini';

/**
 * What of an app's manifest matters here. Source: https://docs.slack.dev/reference/app-manifest.
 * Request URLs are not read: where the app listens is told apart, since it differs each time.
 */
export const Manifest = z.object({
  display_information: z.object({ name: z.string(), description: z.optional(z.string()) }),
  features: z.object({
    app_home: z.optional(
      z.object({
        home_tab_enabled: z._default(z.boolean(), false),
        messages_tab_enabled: z._default(z.boolean(), true),
      }),
    ),
    bot_user: z.object({ display_name: z.string() }),
    slash_commands: z._default(
      z.array(z.object({ command: z.string(), description: z.string(), usage_hint: z._default(z.string(), '') })),
      [],
    ),
  }),
  oauth_config: z.object({
    redirect_urls: z._default(z.array(z.string()), []),
    scopes: z.object({ bot: z.array(z.string()) }),
  }),
  settings: z.object({
    event_subscriptions: z.optional(z.object({ bot_events: z._default(z.array(z.string()), []) })),
    interactivity: z.optional(z.object({ is_enabled: z.boolean() })),
    socket_mode_enabled: z._default(z.boolean(), false),
  }),
});
export type Manifest = z.infer<typeof Manifest>;

/** Of an app that may do all that is here, for whoever gives no manifest. */
export const PLAIN: z.input<typeof Manifest> = {
  display_information: { name: 'daskup' },
  features: {
    app_home: { home_tab_enabled: true, messages_tab_enabled: true },
    bot_user: { display_name: 'daskup' },
    slash_commands: [
      { command: '/dask', description: 'Make, watch and end Dask clusters', usage_hint: 'up 4 spot local' },
    ],
  },
  oauth_config: {
    scopes: {
      bot: [
        'channels:history',
        'channels:join',
        'channels:read',
        'chat:write',
        'commands',
        'groups:history',
        'groups:read',
        'im:history',
        'im:read',
        'im:write',
        'usergroups:read',
        'users:read',
      ],
    },
  },
  settings: {
    event_subscriptions: {
      bot_events: ['app_home_opened', 'app_uninstalled', 'tokens_revoked', 'subteam_members_changed'],
    },
    interactivity: { is_enabled: true },
  },
};
