import * as z from 'zod/mini';
import type { Block } from './blocks.ts';
import { blockProblems, VIEW_BLOCKS } from './check.ts';
import { plainText } from './objects.ts';
import { problems } from './problems.ts';

// Source: https://docs.slack.dev/reference/views.

const shared = {
  blocks: z.array(z.unknown()),
  private_metadata: z.optional(z.string().check(z.maxLength(3000))),
  callback_id: z.optional(z.string().check(z.maxLength(255))),
  external_id: z.optional(z.string().check(z.maxLength(255))),
};

const Modal = z.strictObject({
  type: z.literal('modal'),
  title: plainText(24),
  close: z.optional(plainText(24)),
  submit: z.optional(plainText(24)),
  clear_on_close: z.optional(z.boolean()),
  notify_on_close: z.optional(z.boolean()),
  submit_disabled: z.optional(z.boolean()),
  ...shared,
});

const Home = z.strictObject({ type: z.literal('home'), ...shared });

const Given = z.discriminatedUnion('type', [Modal, Home]);

/** A view as an app gives it. */
export type GivenView = (Omit<z.infer<typeof Modal>, 'blocks'> | Omit<z.infer<typeof Home>, 'blocks'>) & {
  readonly blocks: readonly Block[];
};

/** What Slack finds wrong with a view; empty when nothing. */
export function viewProblems(view: unknown, at = '/view'): readonly string[] {
  const found = problems(Given, view, at);
  if (found.length > 0) return found;
  const given = view as GivenView;
  const inBlocks = blockProblems(given.blocks, VIEW_BLOCKS, `${at}/blocks`);
  if (inBlocks.length > 0) return inBlocks;
  const focused = given.blocks.filter(
    (block) => block.type === 'input' && 'focus_on_load' in block.element && block.element.focus_on_load,
  );
  if (focused.length > 1) return [`only one element may have focus_on_load [json-pointer:${at}/blocks]`];
  // Source: views: submit is required when an input block is within the blocks array.
  if (given.type === 'modal' && given.submit === undefined && given.blocks.some(({ type }) => type === 'input'))
    return [`missing required field: submit [json-pointer:${at}]`];
  return [];
}
