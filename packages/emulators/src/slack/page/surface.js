import { ask } from './api.js';
import { confirmed } from './confirm.js';
import { announce } from './dom.js';

/** What people have typed and chosen and how tables stand, by message or view: it outlives a new drawing. */
const kept = new Map();

/**
 * Where blocks are drawn: a message or a view. `on` is what it is called when somebody acts on it, `seat` the path of
 * who acts, `names` what ids mean, `failed` is called with what went wrong, or null.
 */
export function surface({ on, seat, names, blocks, choices, failed }) {
  const id = 'view' in on ? on.view : `${on.channel} ${on.ts}`;
  if (!kept.has(id)) kept.set(id, { entries: {}, memories: {} });
  const { entries, memories } = kept.get(id);
  return {
    names,
    choices,
    entries,
    errors: {},
    entry: (block, action) => entries[block]?.[action],
    enter(block, action, entry) {
      entries[block] = { ...entries[block], [action]: entry };
    },
    memory(key, initial) {
      memories[key] ??= initial;
      return memories[key];
    },
    /** Tells the app, after asking whether it is meant; true when it was told. */
    async press(element, block, entry) {
      if (element.confirm && !(await confirmed(element.confirm, names))) return false;
      failed(null);
      const outcome = await ask(`${seat}/press`, {
        on,
        action: element.action_id,
        block,
        entry,
        entries,
        seen: blocks,
      });
      if (outcome.ok) return true;
      failed(outcome.error);
      announce(outcome.error);
      return false;
    },
  };
}

/** Nobody needs it any more. */
export function forget(id) {
  kept.delete(id);
}
