import { withIds } from '../block-kit/check.ts';
import { type GivenView, viewProblems } from '../block-kit/view.ts';
import { secret } from '../ids.ts';
import { Refusal } from '../refusal.ts';
import type { View } from '../view.ts';
import { type Arguments, needed, structured, text } from './arguments.ts';
import type { Bot } from './call.ts';

// Sources: https://docs.slack.dev/reference/methods/views.open, views.push, views.update, views.publish.

const VIEW_BYTES = 250_000;
/** views.push: "Currently the limit is 3." */
const STACK = 3;

export function openView(bot: Bot, args: Arguments) {
  const given = givenView(bot, args, 'modal');
  const user = bot.world.triggers.exchange(args.values.trigger_id, bot.workspace.id);
  const view = newView(bot, given, null);
  setModals(bot, user, [view]);
  return { view };
}

export function push(bot: Bot, args: Arguments) {
  const given = givenView(bot, args, 'modal');
  const user = bot.world.triggers.exchange(args.values.trigger_id, bot.workspace.id);
  const stack = bot.workspace.modals.get(user) ?? [];
  if (stack.length === 0) throw new Refusal('not_found');
  const view = pushed(bot, user, given);
  return { view };
}

export function updateView(bot: Bot, args: Arguments) {
  const id = text(args, 'view_id');
  const externalId = text(args, 'external_id');
  if (id === null && externalId === null) throw new Refusal('invalid_arguments');
  const given = givenView(bot, args, null, id);
  const isIt = (view: View) => (id === null ? view.external_id === externalId : view.id === id);
  for (const [user, stack] of bot.workspace.modals) {
    const before = stack.find(isIt);
    if (!before) continue;
    checkHash(args, before);
    const view = replaced(bot, before, given);
    setModals(
      bot,
      user,
      stack.map((one) => (one === before ? view : one)),
    );
    return { view };
  }
  for (const [user, before] of bot.workspace.homes) {
    if (!isIt(before)) continue;
    checkHash(args, before);
    const view = replaced(bot, before, given);
    setHome(bot, user, view);
    return { view };
  }
  throw new Refusal('not_found');
}

export function publish(bot: Bot, args: Arguments) {
  const user = needed(args, 'user_id');
  const given = givenView(bot, args, 'home');
  if (!bot.workspace.people.has(user)) throw new Refusal('user_not_found');
  // Source: views.publish, "Errors": not_enabled.
  if (!bot.world.app.manifest.features.app_home?.home_tab_enabled) throw new Refusal('not_enabled');
  const before = bot.workspace.homes.get(user);
  if (before) checkHash(args, before);
  const view = before ? replaced(bot, before, given) : newView(bot, given, null);
  setHome(bot, user, view);
  return { view };
}

/** Puts a view on top of somebody's modals. */
export function pushed(bot: Bot, user: string, given: GivenView): View {
  const stack = bot.workspace.modals.get(user) ?? [];
  if (stack.length >= STACK) throw new Refusal('push_limit_reached');
  const view = newView(bot, given, stack.at(-1) ?? null);
  setModals(bot, user, [...stack, view]);
  return view;
}

export function setModals({ world, workspace }: Bot, user: string, stack: readonly View[]): void {
  workspace.modals.set(user, stack);
  world.changed(workspace, { type: 'modals', user });
}

function setHome({ world, workspace }: Bot, user: string, view: View): void {
  workspace.homes.set(user, view);
  world.changed(workspace, { type: 'home', user });
}

/** What an app puts in a view's place. */
export function replaced({ world }: Bot, before: View, given: GivenView): View {
  return { ...before, ...shown(given), hash: hash(world.clock.now()) };
}

function givenView(bot: Bot, args: Arguments, type: View['type'] | null, id: string | null = null): GivenView {
  const asked = structured(args, 'view');
  if (asked === undefined) needed(args, 'view');
  return checkedView(bot, asked, type, id);
}

/** @throws {Refusal} when Slack would not take it; `id` is of the view whose place it is to take. */
export function checkedView(bot: Bot, asked: unknown, type: View['type'] | null, id: string | null): GivenView {
  if (JSON.stringify(asked).length > VIEW_BYTES) throw new Refusal('view_too_large');
  const wrong = [...viewProblems(asked)];
  if (wrong.length === 0 && type !== null && (asked as GivenView).type !== type)
    wrong.push(`must be a valid enum value [json-pointer:/view/type]`);
  if (wrong.length > 0)
    throw new Refusal('invalid_arguments', { response_metadata: { messages: wrong.map((one) => `[ERROR] ${one}`) } });
  const given = asked as GivenView;
  const all = [...[...bot.workspace.modals.values()].flat(), ...bot.workspace.homes.values()];
  if (given.external_id && all.some((view) => view.external_id === given.external_id && view.id !== id))
    throw new Refusal('duplicate_external_id');
  return given;
}

function checkHash(args: Arguments, before: View): void {
  const expected = text(args, 'hash');
  if (expected !== null && expected !== before.hash) throw new Refusal('hash_conflict');
}

function newView({ world, workspace, installation }: Bot, given: GivenView, below: View | null): View {
  const id = world.ids.next('V');
  return {
    id,
    team_id: workspace.id,
    app_id: world.app.appId,
    bot_id: installation.botId,
    ...shown(given),
    state: { values: {} },
    hash: hash(world.clock.now()),
    root_view_id: below?.root_view_id ?? id,
    previous_view_id: below?.id ?? null,
  };
}

function shown(given: GivenView) {
  const modal = given.type === 'modal' ? given : undefined;
  return {
    type: given.type,
    title: modal?.title ?? null,
    close: modal?.close ?? null,
    submit: modal?.submit ?? null,
    blocks: withIds(given.blocks, () => secret(3)),
    private_metadata: given.private_metadata ?? '',
    callback_id: given.callback_id ?? '',
    external_id: given.external_id ?? '',
    clear_on_close: modal?.clear_on_close ?? false,
    notify_on_close: modal?.notify_on_close ?? false,
  };
}

function hash(now: number): string {
  return `${Math.floor(now / 1000)}.${secret(4)}`;
}
