import * as z from 'zod/mini';
import {
  Confirm,
  DispatchConfig,
  Id,
  MarkedOption,
  Option,
  OptionGroup,
  OverflowOption,
  plainText,
  words,
} from './objects.ts';

// Elements. Source of each limit: the element's page under https://docs.slack.dev/reference/block-kit/block-elements.

const interactive = { action_id: z.optional(Id), confirm: z.optional(Confirm) };
const focus = { focus_on_load: z.optional(z.boolean()) };
const placeholder = { placeholder: z.optional(plainText(150)) };
const many = { max_selected_items: z.optional(z.int().check(z.gte(1))) };

/** Source: select-menu-element: 1 to 100 options or groups, one of the two. */
const choices = {
  options: z.optional(z.array(Option).check(z.minLength(1), z.maxLength(100))),
  option_groups: z.optional(z.array(OptionGroup).check(z.minLength(1), z.maxLength(100))),
};

const Button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  url: z.optional(words(3000)),
  value: z.optional(words(2000)),
  style: z.optional(z.enum(['primary', 'danger'])),
  accessibility_label: z.optional(words(75)),
  ...interactive,
});

const Overflow = z.strictObject({
  type: z.literal('overflow'),
  options: z.array(OverflowOption).check(z.minLength(1), z.maxLength(5)),
  ...interactive,
});

export const StaticSelect = z.strictObject({
  type: z.literal('static_select'),
  initial_option: z.optional(Option),
  ...choices,
  ...interactive,
  ...focus,
  ...placeholder,
});

export const MultiStaticSelect = z.strictObject({
  type: z.literal('multi_static_select'),
  initial_options: z.optional(z.array(Option).check(z.minLength(1), z.maxLength(100))),
  ...choices,
  ...many,
  ...interactive,
  ...focus,
  ...placeholder,
});

const UsersSelect = z.strictObject({
  type: z.literal('users_select'),
  initial_user: z.optional(Id),
  ...interactive,
  ...focus,
  ...placeholder,
});

const MultiUsersSelect = z.strictObject({
  type: z.literal('multi_users_select'),
  initial_users: z.optional(z.array(Id)),
  ...many,
  ...interactive,
  ...focus,
  ...placeholder,
});

const ConversationsSelect = z.strictObject({
  type: z.literal('conversations_select'),
  initial_conversation: z.optional(Id),
  default_to_current_conversation: z.optional(z.boolean()),
  response_url_enabled: z.optional(z.boolean()),
  ...interactive,
  ...focus,
  ...placeholder,
});

const ChannelsSelect = z.strictObject({
  type: z.literal('channels_select'),
  initial_channel: z.optional(Id),
  response_url_enabled: z.optional(z.boolean()),
  ...interactive,
  ...focus,
  ...placeholder,
});

export const Checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  options: z.array(MarkedOption).check(z.minLength(1), z.maxLength(10)),
  initial_options: z.optional(z.array(MarkedOption).check(z.minLength(1), z.maxLength(10))),
  ...interactive,
  ...focus,
});

export const RadioButtons = z.strictObject({
  type: z.literal('radio_buttons'),
  options: z.array(MarkedOption).check(z.minLength(1), z.maxLength(10)),
  initial_option: z.optional(MarkedOption),
  ...interactive,
  ...focus,
});

const DatePicker = z.strictObject({
  type: z.literal('datepicker'),
  initial_date: z.optional(z.string().check(z.regex(/^\d{4}-\d\d-\d\d$/))),
  ...interactive,
  ...focus,
  ...placeholder,
});

const TimePicker = z.strictObject({
  type: z.literal('timepicker'),
  initial_time: z.optional(z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/))),
  timezone: z.optional(z.string()),
  ...interactive,
  ...focus,
  ...placeholder,
});

const typed = {
  action_id: z.optional(Id),
  dispatch_action_config: z.optional(DispatchConfig),
  ...focus,
  ...placeholder,
};

const PlainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  initial_value: z.optional(z.string().check(z.maxLength(3000))),
  multiline: z.optional(z.boolean()),
  min_length: z.optional(z.int().check(z.gte(0), z.lte(3000))),
  max_length: z.optional(z.int().check(z.gte(1), z.lte(3000))),
  ...typed,
});

/** Source: number-input-element. Its bounds and value are strings. */
const NumberInput = z.strictObject({
  type: z.literal('number_input'),
  is_decimal_allowed: z.boolean(),
  initial_value: z.optional(z.string()),
  min_value: z.optional(z.string()),
  max_value: z.optional(z.string()),
  ...typed,
});

const EmailInput = z.strictObject({
  type: z.literal('email_text_input'),
  initial_value: z.optional(z.string()),
  ...typed,
});

const UrlInput = z.strictObject({
  type: z.literal('url_text_input'),
  initial_value: z.optional(z.string()),
  ...typed,
});

/** Source: image-element. */
export const ImageElement = z.strictObject({
  type: z.literal('image'),
  alt_text: words(2000),
  image_url: words(3000),
});

const chosen = [
  StaticSelect,
  MultiStaticSelect,
  UsersSelect,
  MultiUsersSelect,
  ConversationsSelect,
  ChannelsSelect,
  Checkboxes,
  RadioButtons,
  DatePicker,
  TimePicker,
] as const;

// Which element may stand where: "Compatible blocks" on each element's page.
export const SectionElement = z.discriminatedUnion('type', [Button, Overflow, ImageElement, ...chosen]);
export const ActionsElement = z.discriminatedUnion('type', [Button, Overflow, ...chosen]);
export const InputElement = z.discriminatedUnion('type', [
  PlainTextInput,
  NumberInput,
  EmailInput,
  UrlInput,
  ...chosen,
]);

/** An element that a person does something with. */
export type Element = Exclude<z.infer<typeof SectionElement>, { type: 'image' }> | z.infer<typeof InputElement>;
