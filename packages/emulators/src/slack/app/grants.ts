import type { Clock } from '../../clock.ts';
import { secret } from '../ids.ts';
import { Refusal } from '../refusal.ts';
import type { Workspace } from '../workspace.ts';

/** Source: https://docs.slack.dev/authentication/installing-with-oauth: codes "expire after 10 minutes". */
const LIFE_MS = 10 * 60_000;

interface Grant {
  readonly workspace: Workspace;
  readonly user: string;
  readonly scopes: readonly string[];
  /** Null when the request named none. */
  readonly redirectUri: string | null;
}

/** What people have allowed the app, and it has not yet fetched. */
export class Grants {
  readonly #clock: Clock;
  readonly #all = new Map<string, Grant & { readonly until: number }>();
  readonly #used = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The code that the app is given for it. */
  give(grant: Grant): string {
    const code = `${Math.floor(Math.random() * 1e12)}.${secret()}`;
    this.#all.set(code, { ...grant, until: this.#clock.now() + LIFE_MS });
    return code;
  }

  /** @throws {Refusal} Codes: https://docs.slack.dev/reference/methods/oauth.v2.access, "Errors". */
  take(code: string, redirectUri: string | null): Grant {
    if (this.#used.has(code)) throw new Refusal('code_already_used');
    const grant = this.#all.get(code);
    if (!grant) throw new Refusal('invalid_code');
    if (grant.redirectUri !== redirectUri) throw new Refusal('bad_redirect_uri');
    this.#all.delete(code);
    this.#used.add(code);
    if (this.#clock.now() > grant.until) throw new Refusal('code_expired');
    return grant;
  }
}
