import * as z from 'zod/mini';
import { Id } from './objects.ts';

// Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block.

const style = {
  style: z.optional(
    z.strictObject({
      bold: z.optional(z.boolean()),
      italic: z.optional(z.boolean()),
      strike: z.optional(z.boolean()),
      underline: z.optional(z.boolean()),
      code: z.optional(z.boolean()),
    }),
  ),
};

const Inline = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().check(z.minLength(1)), ...style }),
  z.strictObject({
    type: z.literal('link'),
    url: z.string().check(z.minLength(1)),
    text: z.optional(z.string()),
    unsafe: z.optional(z.boolean()),
    ...style,
  }),
  z.strictObject({ type: z.literal('emoji'), name: z.string(), unicode: z.optional(z.string()), ...style }),
  z.strictObject({ type: z.literal('user'), user_id: z.string(), ...style }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: z.string(), ...style }),
  z.strictObject({ type: z.literal('channel'), channel_id: z.string(), ...style }),
  z.strictObject({ type: z.literal('broadcast'), range: z.enum(['here', 'channel', 'everyone']) }),
  z.strictObject({
    type: z.literal('date'),
    timestamp: z.int(),
    format: z.string(),
    url: z.optional(z.string()),
    fallback: z.optional(z.string()),
  }),
]);

const Section = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(Inline) });
const border = { border: z.optional(z.int()) };

export const RichText = z.strictObject({
  type: z.literal('rich_text'),
  block_id: z.optional(Id),
  elements: z.array(
    z.discriminatedUnion('type', [
      Section,
      z.strictObject({
        type: z.literal('rich_text_list'),
        style: z.enum(['bullet', 'ordered']),
        elements: z.array(Section),
        indent: z.optional(z.int()),
        offset: z.optional(z.int()),
        ...border,
      }),
      z.strictObject({
        type: z.literal('rich_text_preformatted'),
        elements: z.array(Inline),
        language: z.optional(z.string()),
        ...border,
      }),
      z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(Inline), ...border }),
    ]),
  ),
});
