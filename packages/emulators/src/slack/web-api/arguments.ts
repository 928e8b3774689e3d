import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';

/** What a call was given, in a form or in JSON. Source: https://docs.slack.dev/apis/web-api/#basics. */
export interface Arguments {
  readonly token: string | null;
  /** Of the client, for OAuth alone. */
  readonly client: { readonly id: string; readonly secret: string } | null;
  readonly values: Readonly<Record<string, unknown>>;
}

/** @throws {Refusal} when the body is not what its content type says. */
export function argumentsOf(request: IncomingMessage, body: string): Arguments {
  const url = new URL(request.url ?? '/', 'http://slack');
  const type = request.headers['content-type'] ?? '';
  const values: Record<string, unknown> = Object.fromEntries(url.searchParams);
  const isJson = type.includes('application/json');
  if (isJson) Object.assign(values, jsonObject(body));
  else if (body !== '') Object.assign(values, Object.fromEntries(new URLSearchParams(body)));
  const authorization = request.headers.authorization ?? '';
  const bearer = /^Bearer (.+)$/.exec(authorization)?.[1];
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':')
    : [values.client_id, values.client_secret];
  return {
    // A JSON body's token is not looked at.
    token: bearer ?? (typeof values.token === 'string' && !isJson ? values.token : null),
    client: typeof id === 'string' && typeof secret === 'string' ? { id, secret } : null,
    values,
  };
}

function jsonObject(body: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body || '{}');
  } catch {
    throw new Refusal('invalid_json');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Refusal('json_not_object');
  return parsed;
}

/** @throws {Refusal} `invalid_arguments` without it. */
export function needed({ values }: Arguments, name: string): string {
  const value = values[name];
  if (value === undefined || value === null || value === '')
    throw new Refusal('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
    });
  return String(value);
}

export function text({ values }: Arguments, name: string): string | null {
  const value = values[name];
  return value === undefined || value === null || value === '' ? null : String(value);
}

export function flag({ values }: Arguments, name: string): boolean {
  return values[name] === true || values[name] === 'true' || values[name] === '1' || values[name] === 1;
}

/**
 * A value that is JSON in a form, and itself in JSON; undefined when it was not given.
 * @throws {Refusal} with this code when it is no JSON.
 */
export function structured({ values }: Arguments, name: string, code = 'invalid_arguments'): unknown {
  const value = values[name];
  if (value === null || value === '') return undefined;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new Refusal(code);
  }
}
