import { h, newId } from './dom.js';
import { icon } from './icons.js';
import { bare, textObject } from './text.js';

/**
 * An element in its block. `label` is what it is called where nothing else says so; `ids` are of what describes it;
 * `acts` says whether the app is told at once, which an input does only where it asks for that.
 */
export function element(
  it,
  block,
  context,
  { acts = true, label = null, describedBy = null, id = null, legend = null } = {},
) {
  const draw = DRAW[it.type];
  if (!draw) return h('em', { class: 'strange' }, `[${it.type}]`);
  const blockId = block.block_id;
  const isInvalid = context.errors[blockId] !== undefined;
  return draw(it, {
    context,
    legend,
    isRequired: block.type === 'input' && !block.optional,
    key: `${blockId} ${it.action_id}`,
    name: `${blockId}/${it.action_id}`,
    entry: context.entry(blockId, it.action_id),
    attributes: { id, 'aria-label': label, 'aria-describedby': describedBy, 'aria-invalid': isInvalid ? 'true' : null },
    /** It is this now; the app may be told. */
    async set(entry, node) {
      const before = context.entry(blockId, it.action_id);
      context.enter(blockId, it.action_id, entry);
      if (!acts || !node) return;
      if (!(await busy(node, () => context.press(it, blockId, entry)))) {
        context.enter(blockId, it.action_id, before);
        if ('value' in node && node.tagName === 'SELECT') node.value = typeof before === 'string' ? before : '';
      }
    },
    press: (entry, node) => busy(node, () => context.press(it, blockId, entry)),
  });
}

async function busy(node, work) {
  node.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } finally {
    node.removeAttribute('aria-busy');
  }
}

const DRAW = {
  button(it, { context, key, press }) {
    const properties = {
      class: `button ${it.style ?? ''}`,
      'data-key': key,
      'aria-label': it.accessibility_label ?? null,
      onclick: ({ currentTarget }) => void press(undefined, currentTarget),
    };
    const words = textObject(it.text, context.names);
    return it.url
      ? h('a', { ...properties, href: it.url, target: '_blank', rel: 'noreferrer noopener' }, words)
      : h('button', { ...properties, type: 'button' }, words);
  },

  overflow(it, { context, key, press }) {
    const menu = h(
      'details',
      { class: 'overflow', 'data-key': key, onkeydown: closeOnEscape, onfocusout: closeWhenLeft },
      h('summary', { class: 'button', 'aria-label': 'More actions' }, icon('more')),
      h(
        'div',
        { class: 'menu' },
        it.options.map((option) =>
          h(
            'button',
            {
              type: 'button',
              onclick: () => {
                menu.open = false;
                if (option.url) window.open(option.url, '_blank', 'noreferrer');
                void press(option.value, menu);
              },
            },
            textObject(option.text, context.names),
          ),
        ),
      ),
    );
    return menu;
  },

  static_select(it, { entry, key, set, attributes, isRequired }) {
    const value = entry === undefined ? (it.initial_option?.value ?? '') : (entry ?? '');
    return select(it, { key, set, attributes, value, isRequired }, groupsOf(it));
  },

  users_select(it, { context, entry, key, set, attributes, isRequired }) {
    const value = entry === undefined ? (it.initial_user ?? '') : (entry ?? '');
    return select(it, { key, set, attributes, value, isRequired }, [{ options: context.choices.people }]);
  },

  channels_select(it, given) {
    return channelSelect(it, given, it.initial_channel);
  },

  conversations_select(it, given) {
    return channelSelect(
      it,
      given,
      it.initial_conversation ?? (it.default_to_current_conversation ? given.context.choices.here : undefined),
    );
  },

  multi_static_select(it, given) {
    return many(it, given, groupsOf(it), it.initial_options?.map(({ value }) => value) ?? []);
  },

  multi_users_select(it, given) {
    return many(it, given, [{ options: given.context.choices.people }], it.initial_users ?? []);
  },

  checkboxes(it, { context, entry, key, name, set, attributes, legend }) {
    const chosen = entry ?? it.initial_options?.map(({ value }) => value) ?? [];
    return fieldset(
      it,
      { context, key, name, attributes, legend, type: 'checkbox', isChosen: (value) => chosen.includes(value) },
      (group) =>
        set(
          [...group.querySelectorAll(':checked')].map(({ value }) => value),
          group,
        ),
    );
  },

  radio_buttons(it, { context, entry, key, name, set, attributes, legend }) {
    const chosen = entry === undefined ? it.initial_option?.value : entry;
    return fieldset(
      it,
      { context, key, name, attributes, legend, type: 'radio', isChosen: (value) => value === chosen },
      (group) => set(group.querySelector(':checked')?.value ?? null, group),
    );
  },

  datepicker: (it, given) => typed(it, given, { type: 'date' }, it.initial_date),
  timepicker: (it, given) => typed(it, given, { type: 'time' }, it.initial_time),
  email_text_input: (it, given) => typed(it, given, { type: 'email' }, it.initial_value),
  url_text_input: (it, given) => typed(it, given, { type: 'url' }, it.initial_value),
  // As text: Slack takes anything, and says what is wrong with it.
  number_input: (it, given) =>
    typed(it, given, { type: 'text', inputMode: it.is_decimal_allowed ? 'decimal' : 'numeric' }, it.initial_value),
  plain_text_input: (it, given) =>
    typed(it, given, { type: 'text', maxLength: it.max_length ?? 3000 }, it.initial_value),
};

function typed(it, { entry, key, set, attributes, isRequired }, more, initial) {
  return h(it.multiline ? 'textarea' : 'input', {
    class: 'field',
    'data-key': key,
    value: entry ?? initial ?? '',
    placeholder: it.placeholder?.text ?? '',
    autocomplete: 'off',
    autofocus: it.focus_on_load ?? null,
    'aria-required': isRequired ? 'true' : null,
    ...(it.multiline ? { rows: 4, maxLength: more.maxLength } : more),
    ...attributes,
    oninput: ({ currentTarget }) => void set(currentTarget.value, null),
    onchange: ({ currentTarget }) => void set(currentTarget.value, currentTarget),
  });
}

function select(it, { key, set, attributes, value, isRequired }, groups) {
  const options = (list) =>
    list.map((option) =>
      h('option', { value: option.value, selected: option.value === value }, bare(option.text.text)),
    );
  const node = h(
    'select',
    {
      class: 'field',
      'data-key': key,
      'aria-required': isRequired ? 'true' : null,
      ...attributes,
      'aria-label': attributes.id ? null : (attributes['aria-label'] ?? it.placeholder?.text ?? 'Choose'),
      onchange: ({ currentTarget }) => void set(currentTarget.value || null, currentTarget),
    },
    h('option', { value: '', selected: value === '' }, it.placeholder?.text ?? 'Choose an option'),
    groups.map(({ label, options: list }) => (label ? h('optgroup', { label }, options(list)) : options(list))),
  );
  return node;
}

function channelSelect(it, { context, entry, key, set, attributes, isRequired }, initial) {
  const value = entry === undefined ? (initial ?? '') : (entry ?? '');
  return select(it, { key, set, attributes, value, isRequired }, [{ options: context.choices.channels }]);
}

/** Several of a list, behind a summary of them. */
function many(it, { context, entry, key, name, set, attributes, legend }, groups, initial) {
  const chosen = new Set(entry ?? initial);
  const options = groups.flatMap((group) => group.options);
  const said = () =>
    options
      .filter(({ value }) => chosen.has(value))
      .map(({ text }) => bare(text.text))
      .join(', ') ||
    it.placeholder?.text ||
    'Choose options';
  const summary = h('summary', { class: 'field' }, said());
  return h(
    'details',
    { class: 'many', 'data-key': key, onkeydown: closeOnEscape },
    summary,
    fieldset(
      { options },
      {
        context,
        key: null,
        name,
        attributes,
        legend: legend ?? [it.placeholder?.text ?? 'Options'],
        type: 'checkbox',
        isChosen: (value) => chosen.has(value),
        isLegendUnseen: true,
      },
      (group) => {
        chosen.clear();
        for (const { value } of group.querySelectorAll(':checked')) chosen.add(value);
        summary.textContent = said();
        return set([...chosen], group);
      },
    ),
  );
}

function fieldset(it, { context, key, name, attributes, legend, type, isChosen, isLegendUnseen = false }, changed) {
  const group = h(
    'fieldset',
    { class: 'options', 'data-key': key, ...attributes, onchange: () => void changed(group) },
    h('legend', { class: isLegendUnseen || !legend ? 'unseen' : null }, legend ?? 'Options'),
    it.options.map((option) => {
      const id = newId('option');
      return h(
        'div',
        { class: 'option' },
        h('input', {
          type,
          id,
          name,
          value: option.value,
          checked: isChosen(option.value),
          'data-option': option.value,
        }),
        h(
          'label',
          { htmlFor: id },
          textObject(option.text, context.names),
          option.description ? h('small', {}, textObject(option.description, context.names)) : null,
        ),
      );
    }),
  );
  return group;
}

function groupsOf({ options, option_groups: groups }) {
  return groups?.map(({ label, options }) => ({ label: label.text, options })) ?? [{ options }];
}

function closeOnEscape(event) {
  if (event.key !== 'Escape' || !event.currentTarget.open) return;
  event.preventDefault();
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.querySelector('summary').focus();
}

function closeWhenLeft({ currentTarget, relatedTarget }) {
  if (!currentTarget.contains(relatedTarget)) currentTarget.open = false;
}
