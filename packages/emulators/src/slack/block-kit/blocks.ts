import * as z from 'zod/mini';
import { DataTable, DataVisualization } from './data.ts';
import { ActionsElement, type Element, ImageElement, InputElement, SectionElement } from './elements.ts';
import { Id, mrkdwn, plainText, text, words } from './objects.ts';
import { RichText } from './rich-text.ts';

// Blocks. Source of each limit: the block's page under https://docs.slack.dev/reference/block-kit/blocks.

const id = { block_id: z.optional(Id) };

const Section = z
  .strictObject({
    type: z.literal('section'),
    text: z.optional(text(3000)),
    fields: z.optional(z.array(text(2000)).check(z.minLength(1), z.maxLength(10))),
    accessory: z.optional(SectionElement),
    expand: z.optional(z.boolean()),
    ...id,
  })
  .check((section) => {
    if (section.value.text === undefined && section.value.fields === undefined)
      section.issues.push({
        code: 'custom',
        message: 'missing required field: text',
        path: [],
        input: section.value,
      });
  });

const Actions = z.strictObject({
  type: z.literal('actions'),
  elements: z.array(ActionsElement).check(z.minLength(1), z.maxLength(25)),
  ...id,
});

const Context = z.strictObject({
  type: z.literal('context'),
  elements: z
    .array(z.discriminatedUnion('type', [ImageElement, plainText(2000), mrkdwn(2000)]))
    .check(z.minLength(1), z.maxLength(10)),
  ...id,
});

const Input = z.strictObject({
  type: z.literal('input'),
  label: plainText(2000),
  element: InputElement,
  hint: z.optional(plainText(2000)),
  optional: z.optional(z.boolean()),
  dispatch_action: z.optional(z.boolean()),
  ...id,
});

const Image = z.strictObject({
  type: z.literal('image'),
  alt_text: words(2000),
  image_url: words(3000),
  title: z.optional(plainText(2000)),
  ...id,
});

export const Block = z.discriminatedUnion('type', [
  Section,
  Actions,
  Context,
  Input,
  Image,
  RichText,
  DataVisualization,
  DataTable,
  z.strictObject({ type: z.literal('divider'), ...id }),
  z.strictObject({ type: z.literal('header'), text: plainText(150), level: z.optional(z.int()), ...id }),
  z.strictObject({ type: z.literal('markdown'), text: words(12_000), ...id }),
  z.strictObject({
    type: z.literal('alert'),
    text: text(200),
    level: z.optional(z.enum(['default', 'info', 'warning', 'error', 'success'])),
    ...id,
  }),
]);
export type Block = z.infer<typeof Block>;

/** What a person can act on in a block. */
export function elementsOf(block: Block): readonly Element[] {
  switch (block.type) {
    case 'section':
      return block.accessory && block.accessory.type !== 'image' ? [block.accessory] : [];
    case 'actions':
      return block.elements;
    case 'input':
      return [block.element];
    default:
      return [];
  }
}
