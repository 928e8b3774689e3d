import type { Clock } from '../../clock.ts';
import { secret } from '../ids.ts';
import { Refusal } from '../refusal.ts';

/** Source: https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses: "expires in 3 seconds". */
const LIFE_MS = 3000;

interface Trigger {
  readonly workspace: string;
  readonly user: string;
  readonly until: number;
  isUsed: boolean;
}

/** Each is good for one modal, right after somebody did something. */
export class Triggers {
  readonly #clock: Clock;
  readonly #all = new Map<string, Trigger>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(workspace: string, user: string): string {
    const id = `${this.#clock.now()}.${Math.floor(Math.random() * 1e12)}.${secret()}`;
    this.#all.set(id, { workspace, user, until: this.#clock.now() + LIFE_MS, isUsed: false });
    return id;
  }

  /**
   * Whose it is; it is used up then.
   * @throws {Refusal} Codes: https://docs.slack.dev/reference/methods/views.open, "Errors".
   */
  exchange(id: unknown, workspace: string): string {
    const trigger = this.#all.get(String(id));
    if (trigger === undefined || trigger.workspace !== workspace) throw new Refusal('invalid_trigger_id');
    if (trigger.isUsed) throw new Refusal('exchanged_trigger_id');
    if (this.#clock.now() > trigger.until) throw new Refusal('expired_trigger_id');
    trigger.isUsed = true;
    return trigger.user;
  }
}
