import { createHmac } from 'node:crypto';
import type { Answer, Delivery } from './delivery.ts';

// Request URLs. Sources: https://docs.slack.dev/authentication/verifying-requests-from-slack,
// https://docs.slack.dev/apis/events-api/#error-handling.

/** The headers that prove a request to be Slack's. `at` in seconds since 1970. */
export function signed(body: string, secret: string, at: number): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(at), 'x-slack-signature': `v0=${signature}` };
}

/** As it travels: a form for commands and interactions, JSON for events. */
export function encoded({ kind, payload }: Delivery): { readonly type: string; readonly body: string } {
  if (kind === 'events_api') return { type: 'application/json', body: JSON.stringify(payload) };
  const form =
    kind === 'slash_commands'
      ? new URLSearchParams(payload as Record<string, string>)
      : new URLSearchParams({ payload: JSON.stringify(payload) });
  return { type: 'application/x-www-form-urlencoded', body: form.toString() };
}

/** Posts it to the app and waits for its answer. Only 2xx within `ms` milliseconds acknowledges. */
export async function post(
  url: string,
  delivery: Delivery,
  { secret, ms }: { readonly secret: string; readonly ms: number },
): Promise<Answer> {
  const { type, body } = encoded(delivery);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': type,
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        ...signed(body, secret, Math.floor(Date.now() / 1000)),
        ...(delivery.retry
          ? {
              'x-slack-retry-num': String(delivery.retry.attempt),
              'x-slack-retry-reason': delivery.retry.reason,
            }
          : {}),
      },
      body,
      signal: AbortSignal.timeout(ms),
    });
    const said = await response.text();
    if (!response.ok)
      return {
        type: 'failed',
        reason: 'http_error',
        ...(response.headers.get('x-slack-no-retry') === '1' ? { isFinal: true } : {}),
      };
    return { type: 'acknowledged', body: parsed(said, response.headers.get('content-type') ?? '') };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return { type: 'failed', reason: isLate ? 'http_timeout' : 'connection_failed' };
  }
}

/** Text that is not JSON is what a command says. Nothing is nothing. */
function parsed(said: string, type: string): unknown {
  if (said.trim() === '') return {};
  if (!type.includes('json')) return { text: said };
  try {
    return JSON.parse(said);
  } catch {
    return {};
  }
}
