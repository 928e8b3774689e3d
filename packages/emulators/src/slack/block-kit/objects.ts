import * as z from 'zod/mini';

// Composition objects. Source of each limit: https://docs.slack.dev/reference/block-kit/composition-objects and its pages.

/** Text of one character up to so many. */
export const words = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));

/** Source: `block_id` and `action_id` on every block's and element's page: at most 255 characters. */
export const Id = words(255);

/** Source: composition-objects/text-object: 1 to 3,000 characters; a block may ask for fewer. */
export const plainText = (max = 3000) =>
  z.strictObject({ type: z.literal('plain_text'), text: words(max), emoji: z.optional(z.boolean()) });

export const mrkdwn = (max = 3000) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: words(max), verbatim: z.optional(z.boolean()) });

export const text = (max = 3000) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

export type PlainText = z.infer<ReturnType<typeof plainText>>;
export type Text = z.infer<ReturnType<typeof text>>;

/** Source: composition-objects/confirmation-dialog-object. */
export const Confirm = z.strictObject({
  title: plainText(100),
  text: text(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.optional(z.enum(['primary', 'danger'])),
});

/** Source: composition-objects/option-object. Only radio buttons and checkboxes take mrkdwn, only overflow menus a `url`. */
export const Option = z.strictObject({
  text: plainText(75),
  value: words(150),
  description: z.optional(plainText(75)),
});
export type Option = z.infer<typeof Option>;

export const MarkedOption = z.strictObject({
  text: text(75),
  value: words(150),
  description: z.optional(text(75)),
});

export const OverflowOption = z.extend(Option, { url: z.optional(words(3000)) });

/** Source: composition-objects/option-group-object. */
export const OptionGroup = z.strictObject({
  label: plainText(75),
  options: z.array(Option).check(z.minLength(1), z.maxLength(100)),
});

/** Source: composition-objects/dispatch-action-configuration-object. */
export const DispatchConfig = z.strictObject({
  trigger_actions_on: z
    .array(z.enum(['on_enter_pressed', 'on_character_entered']))
    .check(z.minLength(1), z.maxLength(2)),
});
