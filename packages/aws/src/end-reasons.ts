import type { Machine } from '@daskup/core/provision/provider';
import { SHUT_ITSELF_DOWN } from './machines.ts';

/** Whoever reads the list has written an end down by then; milliseconds. */
const NEW_MS = 120_000;
/** Of how many machines a list reads why they ended: of a hundred that end at once the rest would say the same. */
const A_LIST = 5;

/** Why machines ended themselves: EC2 does not know, and they have printed it. */
export class EndReasons {
  readonly #bootLog: (id: string) => Promise<string>;
  readonly #now: () => number;
  readonly #known = new Map<string, string>();

  constructor(bootLog: (id: string) => Promise<string>, now: () => number) {
    this.#bootLog = bootLog;
    this.#now = now;
  }

  /** The machines, those that ended themselves a moment ago with the reason that they gave. */
  async told(machines: readonly Machine[]): Promise<readonly Machine[]> {
    const isNew = ({ endedAt }: Machine) => endedAt !== null && this.#now() - endedAt < NEW_MS;
    const unheard = machines.filter(
      (machine) => machine.endReason === SHUT_ITSELF_DOWN && isNew(machine) && !this.#known.has(machine.id),
    );
    await Promise.all(
      unheard.slice(0, A_LIST).map(async ({ id }) => {
        const log = await this.#bootLog(id).catch(() => '');
        this.#known.set(id, [...log.matchAll(/^daskup: \d+s ending: (.*)$/gm)].at(-1)?.[1] ?? SHUT_ITSELF_DOWN);
      }),
    );
    return machines.map((machine) => ({ ...machine, endReason: this.#known.get(machine.id) ?? machine.endReason }));
  }
}
