import { type Block, elementsOf } from '../block-kit/blocks.ts';
import { initialsOf, optionsOf } from '../block-kit/check.ts';
import type { Element } from '../block-kit/elements.ts';
import type { Values } from '../view.ts';

/** What somebody has put into one element: text, an option's value, an id; several of them; or nothing. */
export type Entry = string | readonly string[] | null;

/** What somebody has put into elements, by block and action. What is missing is as it was at first. */
export type Entries = Readonly<Record<string, Readonly<Record<string, Entry>>>>;

/** As payloads have it. Source: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload, view.state.values. */
export function stateOf(blocks: readonly Block[], entries: Entries): Values {
  const values: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const block of blocks)
    for (const element of elementsOf(block)) {
      const [blockId = '', actionId = ''] = [block.block_id, element.action_id];
      const state = stateOfElement(element, entries[blockId]?.[actionId]);
      if (state) values[blockId] = { ...values[blockId], [actionId]: { type: element.type, ...state } };
    }
  return values;
}

/** Null for what keeps nothing. */
export function stateOfElement(element: Element, entry: Entry | undefined): Record<string, unknown> | null {
  const one = entry === undefined ? undefined : (listed(entry)[0] ?? null);
  const many = entry === undefined ? undefined : listed(entry);
  const initials = initialsOf(element);
  const option = (value: string) => optionsOf(element).find((it) => it.value === value);
  switch (element.type) {
    case 'button':
    case 'overflow':
      return null;
    case 'static_select':
    case 'radio_buttons':
      return {
        selected_option: one === undefined ? (initials[0] ?? null) : one === null ? null : (option(one) ?? null),
      };
    case 'multi_static_select':
    case 'checkboxes':
      return { selected_options: many?.flatMap((value) => option(value) ?? []) ?? initials };
    case 'users_select':
      return { selected_user: one === undefined ? (element.initial_user ?? null) : one };
    case 'multi_users_select':
      return { selected_users: many ?? element.initial_users ?? [] };
    case 'conversations_select':
      return { selected_conversation: one === undefined ? (element.initial_conversation ?? null) : one };
    case 'channels_select':
      return { selected_channel: one === undefined ? (element.initial_channel ?? null) : one };
    case 'datepicker':
      return { selected_date: one === undefined ? (element.initial_date ?? null) : one || null };
    case 'timepicker':
      return { selected_time: one === undefined ? (element.initial_time ?? null) : one || null };
    default:
      return { value: one === undefined ? (element.initial_value ?? null) : one || null };
  }
}

/** What Slack says itself of inputs before the app hears of them, by block. Empty when all are well. */
export function inputErrors(blocks: readonly Block[], values: Values): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  for (const block of blocks) {
    if (block.type !== 'input') continue;
    const [blockId = '', actionId = ''] = [block.block_id, block.element.action_id];
    const { type, ...state } = values[blockId]?.[actionId] ?? {};
    const [value] = Object.values(state);
    const isEmpty = value === null || value === undefined || (Array.isArray(value) && value.length === 0);
    const error = isEmpty
      ? block.optional
        ? null
        : 'Please complete this required field.'
      : entryError(block.element, String(value));
    if (error !== null) errors[blockId] = error;
  }
  return errors;
}

function entryError(element: Element, value: string): string | null {
  switch (element.type) {
    case 'plain_text_input': {
      const { min_length: min = 0, max_length: max = 3000 } = element;
      if (value.length < min) return `This must be at least ${min} characters.`;
      return value.length > max ? `This must be at most ${max} characters.` : null;
    }
    case 'number_input': {
      const number = Number(value);
      if (!Number.isFinite(number)) return 'Please enter a number.';
      if (!element.is_decimal_allowed && !Number.isInteger(number)) return 'Please enter a whole number.';
      if (element.min_value !== undefined && number < Number(element.min_value))
        return `Please enter a number of at least ${element.min_value}.`;
      if (element.max_value !== undefined && number > Number(element.max_value))
        return `Please enter a number of at most ${element.max_value}.`;
      return null;
    }
    case 'email_text_input':
      return /^\S+@\S+\.\S+$/.test(value) ? null : 'Please enter a valid email address.';
    case 'url_text_input':
      return URL.canParse(value) ? null : 'Please enter a valid URL.';
    default:
      return null;
  }
}

function listed(entry: Entry): readonly string[] {
  if (entry === null) return [];
  return typeof entry === 'string' ? [entry] : entry;
}
