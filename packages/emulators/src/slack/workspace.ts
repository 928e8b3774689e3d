import type { Installation } from './installation.ts';
import type { Message } from './message.ts';
import type { View } from './view.ts';

export interface Person {
  readonly id: string;
  /** What people write after an @. */
  readonly name: string;
  readonly realName: string;
  readonly isAdmin: boolean;
}

/** A user group. */
export interface Group {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly members: Set<string>;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  /** `im`: between the app and one person. */
  readonly kind: 'public' | 'private' | 'im';
  readonly members: Set<string>;
  /** Oldest first, threads' among them. */
  readonly messages: Message[];
}

/** One company's Slack. */
export interface Workspace {
  readonly id: string;
  readonly domain: string;
  readonly name: string;
  readonly people: ReadonlyMap<string, Person>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly channels: Map<string, Channel>;
  /** Null where the app is not installed. */
  installation: Installation | null;
  /** Modals that are open, by person: the last is on top. */
  readonly modals: Map<string, readonly View[]>;
  /** What the app has published, by person. */
  readonly homes: Map<string, View>;
}

/** Who says what Slack itself has to say. */
export const SLACKBOT = 'USLACKBOT';

/** Something that people see is otherwise now. */
export type Change =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'gone'; readonly channel: string; readonly ts: string }
  | { readonly type: 'modals'; readonly user: string }
  | { readonly type: 'home'; readonly user: string }
  /** Channels, groups, or whether the app is there. */
  | { readonly type: 'workspace' };
