import * as z from 'zod/mini';
import type { World } from '../world.ts';

// Where somebody allows the app. Source: https://docs.slack.dev/authentication/installing-with-oauth.

export const AUTHORIZE_PATH = '/oauth/v2/authorize';

export interface HtmlReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const Asked = z.object({
  client_id: z._default(z.string(), ''),
  scope: z._default(z.string(), ''),
  state: z._default(z.string(), ''),
  redirect_uri: z._default(z.nullable(z.string()), null),
});

/** GET shows what the app asks for; POST is the answer of a person, who goes back to the app then. */
export function authorize(
  world: World,
  redirectUrls: readonly string[],
  url: URL,
  form: URLSearchParams | null,
): HtmlReply {
  const asked = Asked.parse(Object.fromEntries(url.searchParams));
  if (asked.client_id !== world.app.clientId) return failed('Invalid client_id parameter');
  const to = asked.redirect_uri ?? redirectUrls[0];
  // "must either match exactly, or be a subdirectory of one of the Redirect URLs".
  if (to === undefined || !redirectUrls.some((allowed) => to === allowed || to.startsWith(allowed)))
    return failed('redirect_uri did not match any configured URIs. Passed URI: ' + (to ?? 'none'));
  const scopes = asked.scope.split(/[ ,]/).filter((scope) => scope !== '');
  if (scopes.length === 0) return failed('Invalid permissions requested: no scope');
  if (form === null) return { status: 200, headers: pageHeaders(to), body: page(world, scopes) };
  const target = new URL(to);
  target.searchParams.set('state', asked.state);
  const [team = '', user = ''] = (form.get('who') ?? '').split('/');
  const workspace = world.workspaces.get(team);
  if (form.get('answer') !== 'allow' || !workspace?.people.has(user)) target.searchParams.set('error', 'access_denied');
  else target.searchParams.set('code', world.grants.give({ workspace, user, scopes, redirectUri: asked.redirect_uri }));
  return { status: 302, headers: { location: target.href }, body: '' };
}

function pageHeaders(to: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    // The form's answer leads to the app, which is elsewhere.
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ${new URL(to).origin}; base-uri 'none'; frame-ancestors 'none'`,
  };
}

function page(world: World, scopes: readonly string[]): string {
  const { name } = world.app.manifest.display_information;
  const people = [...world.workspaces.values()].map(
    (workspace) =>
      `<optgroup label="${escaped(workspace.name)}">${[...workspace.people.values()]
        .map(({ id, realName }) => `<option value="${workspace.id}/${id}">${escaped(realName)}</option>`)
        .join('')}</optgroup>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Install ${escaped(name)}</title><link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/theme.css"><link rel="stylesheet" href="/page/authorize.css"></head>
<body><main class="authorize"><h1>${escaped(name)} asks to be installed</h1>
<p>It will be able to:</p><ul>${scopes.map((scope) => `<li><code>${escaped(scope)}</code></li>`).join('')}</ul>
<form method="post"><label for="who">Install as</label><select id="who" name="who">${people.join('')}</select>
<div class="answers"><button name="answer" value="deny">Cancel</button><button name="answer" value="allow" class="primary">Allow</button></div></form>
</main></body></html>`;
}

function failed(why: string): HtmlReply {
  return { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${why}\n` };
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
