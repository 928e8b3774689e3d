import { setTimeout as sleep } from 'node:timers/promises';
import { ruleFor } from '../faults.ts';
import type { Installation } from '../installation.ts';
import type { Tier } from '../rates.ts';
import { RateLimited, Refusal } from '../refusal.ts';
import type { Workspace } from '../workspace.ts';
import type { World } from '../world.ts';
import type { Arguments } from './arguments.ts';
import { METHODS } from './methods.ts';

/** Who asks with a bot's token. */
export interface Bot {
  readonly world: World;
  readonly workspace: Workspace;
  readonly installation: Installation;
}

/** One method of the Web API. */
export interface Method {
  /** `posts`: a method whose limit is by channel, which it counts itself. `null`: none is told. */
  readonly tier: Tier | 'posts' | null;
  /** Any one of these is enough; none is needed when there are none. */
  readonly scopes: readonly string[];
  readonly run: (bot: Bot, args: Arguments) => Readonly<Record<string, unknown>>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Counts of calls, by workspace and method; those with no token of a workspace under `-`. */
export type Calls = Record<string, Record<string, number>>;

/** The Web API: each call goes through what Slack does to calls. */
export class WebApi {
  readonly #world: World;
  calls: Calls = {};
  throttled: Calls = {};

  constructor(world: World) {
    this.#world = world;
  }

  async answer(name: string, args: Arguments): Promise<Reply> {
    const workspace = this.#workspaceOf(args.token)?.id ?? '-';
    this.calls = oneMore(this.calls, workspace, name);
    const { faults } = this.#world;
    await sleep(ruleFor(faults.delayMs, name) ?? 0);
    const status = ruleFor(faults.status, name);
    if (status !== undefined) return { status, body: { ok: false, error: 'service_unavailable' } };
    try {
      const limited = ruleFor(faults.rateLimited, name);
      if (limited !== undefined) throw new RateLimited(limited * 1000);
      const refused = ruleFor(faults.refused, name);
      if (refused !== undefined) throw new Refusal(refused);
      const answer = this.#run(name, args);
      const fails = Object.hasOwn(faults.failAfter, name) ? name : '*';
      const left = faults.failAfter[fails] ?? 0;
      if (left > 0) {
        this.#world.faults = { ...faults, failAfter: { ...faults.failAfter, [fails]: left - 1 } };
        return { status: 500, body: { ok: false, error: 'internal_error' } };
      }
      return { status: 200, headers: this.#headers(name, args), body: { ok: true, ...answer } };
    } catch (error) {
      if (error instanceof RateLimited) {
        this.throttled = oneMore(this.throttled, workspace, name);
        return {
          status: 429,
          headers: { 'retry-after': String(error.retryAfter) },
          body: { ok: false, error: 'ratelimited' },
        };
      }
      if (error instanceof Refusal)
        return {
          status: 200,
          headers: this.#headers(name, args),
          body: { ok: false, error: error.code, ...error.more },
        };
      throw error;
    }
  }

  #run(name: string, args: Arguments): Readonly<Record<string, unknown>> {
    const method = METHODS[name];
    // Source: https://docs.slack.dev/apis/web-api/#errors; the words are Slack's answer.
    if (!method) throw new Refusal('unknown_method', { req_method: name });
    if (method.type === 'open') return method.run(this.#world, args);
    if (args.token === null) throw new Refusal('not_authed');
    if (method.type === 'app' || args.token === this.#world.app.appToken) return this.#asApp(method, name, args);
    const workspace = this.#workspaceOf(args.token);
    const installation = workspace?.installation;
    if (!workspace || !installation) throw new Refusal('invalid_auth');
    // Source: the methods' pages, "Errors": account_inactive, for a bot's token of an app that is gone.
    if (installation.isRevoked) throw new Refusal('account_inactive');
    const { scopes, tier, run } = method;
    if (scopes.length > 0 && !scopes.some((scope) => installation.scopes.includes(scope)))
      throw new Refusal('missing_scope', { needed: scopes.join(','), provided: installation.scopes.join(',') });
    if (typeof tier === 'number') this.#world.rates.count(name, workspace.id, tier);
    return run({ world: this.#world, workspace, installation }, args);
  }

  #asApp(method: (typeof METHODS)[string], name: string, args: Arguments): Readonly<Record<string, unknown>> {
    if (this.#workspaceOf(args.token)) throw new Refusal('not_allowed_token_type');
    if (args.token !== this.#world.app.appToken) throw new Refusal('invalid_auth');
    if (name === 'auth.test') {
      const { manifest, appId } = this.#world.app;
      return { app_name: manifest.display_information.name, app_id: appId };
    }
    if (method?.type !== 'app') throw new Refusal('not_allowed_token_type');
    if (method.tier !== null) this.#world.rates.count(name, this.#world.app.appId, method.tier);
    return method.run(this.#world, args);
  }

  #headers(name: string, args: Arguments): Record<string, string> {
    const method = METHODS[name];
    const installation = this.#workspaceOf(args.token)?.installation;
    if (!installation || method?.type !== 'bot') return {};
    return {
      'x-oauth-scopes': installation.scopes.join(','),
      'x-accepted-oauth-scopes': method.scopes.join(','),
    };
  }

  #workspaceOf(token: string | null): Workspace | undefined {
    if (token === null) return undefined;
    return [...this.#world.workspaces.values()].find(({ installation }) => installation?.botToken === token);
  }
}

function oneMore(calls: Calls, workspace: string, method: string): Calls {
  const counts = calls[workspace];
  return { ...calls, [workspace]: { ...counts, [method]: (counts?.[method] ?? 0) + 1 } };
}
