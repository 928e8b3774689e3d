import type { ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import type { Block } from '../block-kit/blocks.ts';
import type { Control } from '../control.ts';
import type { World } from '../world.ts';
import type { Seat } from './seat.ts';
import { lobby, seen, snapshot } from './snapshot.ts';

// What the page asks: /client/, /client/TEAM/USER/state, and so on.

export const CLIENT_PATH = '/client/';

const HEARTBEAT_MS = 15_000;

const One = z.union([z.string(), z.array(z.string()), z.null()]);
const Entries = z.record(z.string(), z.record(z.string(), One));
const Said = z.object({ channel: z.string(), text: z.string(), threadTs: z._default(z.nullable(z.string()), null) });
const Pressed = z.object({
  on: z.union([z.object({ channel: z.string(), ts: z.string() }), z.object({ view: z.string() })]),
  action: z.string(),
  block: z.string(),
  entry: z.optional(One),
  entries: z._default(Entries, {}),
  /** Blocks that the page shows. */
  seen: z.optional(z.array(z.unknown())),
});
const Submitted = z.object({ view: z.string(), entries: Entries });

export class ClientRoutes {
  readonly #world: World;
  readonly #control: Control;
  readonly #suggestions: readonly string[];

  constructor(world: World, control: Control, suggestions: readonly string[]) {
    this.#world = world;
    this.#control = control;
    this.#suggestions = suggestions;
  }

  /** Null for a path that is none of these. @throws {Error} when the body is not as it should be. */
  async answer(method: string, path: string, body: unknown): Promise<unknown> {
    if (method === 'GET' && path === '') return lobby(this.#world);
    const [team = '', user = '', what = ''] = path.split('/');
    const seat = this.#control.person(user, team);
    switch (`${method} ${what}`) {
      case 'GET state':
        return snapshot(this.#world, seat, this.#suggestions);
      case 'POST say': {
        const { channel, text, threadTs } = Said.parse(body);
        return seat.say(channel, text, threadTs);
      }
      case 'POST press': {
        const { seen, entry, ...rest } = Pressed.parse(body);
        return seat.press({
          ...rest,
          ...(entry === undefined ? {} : { entry }),
          ...(seen === undefined ? {} : { seen: seen as readonly Block[] }),
        });
      }
      case 'POST submit': {
        const { view, entries } = Submitted.parse(body);
        return seat.submit(entries, view);
      }
      case 'POST close':
        return seat.close(z.object({ all: z._default(z.boolean(), false) }).parse(body).all);
      case 'POST home':
        seat.openHome(z.object({ tab: z.enum(['home', 'messages']) }).parse(body).tab);
        return { ok: true };
      case 'POST group': {
        const { group, isMember } = z.object({ group: z.string(), isMember: z.boolean() }).parse(body);
        this.#control.setMember(group, user, isMember, team);
        return { ok: true };
      }
      default:
        return null;
    }
  }

  /** Keeps telling the page what changes, as server-sent events. */
  feed(path: string, response: ServerResponse): void {
    const [team = '', user = ''] = path.split('/');
    const seat: Seat = this.#control.person(user, team);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 1000\n\n');
    const stop = this.#world.watch((workspace, change) => {
      if (workspace !== seat.workspace) return;
      const said = seen(seat, change);
      if (said) response.write(`data: ${JSON.stringify(said)}\n\n`);
    });
    const heart = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(heart);
      stop();
    });
  }
}
