import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { startSlack } from './start.ts';

// npm run emulator:slack -- [--port 5779] [--app http://127.0.0.1:3000/slack/events] [--manifest slack-manifest.yml] [--redirect URL ...]

const USAGE =
  'usage: npm run emulator:slack -- [--port N] [--app REQUEST-URL, without it Socket Mode] [--manifest FILE] [--redirect URL ...]';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5779' },
    app: { type: 'string' },
    manifest: { type: 'string' },
    redirect: { type: 'string', multiple: true },
  },
});
const file = values.manifest ?? (existsSync('slack-manifest.yml') ? 'slack-manifest.yml' : undefined);
if (!/^\d+$/.test(values.port) || (values.app !== undefined && !URL.canParse(values.app))) {
  console.error(USAGE);
  process.exit(2);
}
const slack = await startSlack({
  port: Number(values.port),
  requestUrl: values.app ?? null,
  ...(file === undefined ? {} : { manifest: parse(readFileSync(file, 'utf8')) }),
  ...(values.redirect === undefined ? {} : { redirectUrls: values.redirect }),
});
console.log(
  `Slack at ${slack.url}, control at ${slack.url}/_emulator/{calls,receipts,messages,faults}; ${
    values.app === undefined ? 'the app connects by Socket Mode' : `the app takes requests at ${values.app}`
  }. To use it:\n`,
);
for (const [name, value] of Object.entries(slack.env)) console.log(`export ${name}=${value}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await slack.close();
    process.exit(0);
  });
