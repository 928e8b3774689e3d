import * as z from 'zod/mini';
import { Block, elementsOf } from './blocks.ts';
import type { Element } from './elements.ts';
import type { Option } from './objects.ts';
import { pointer, problems } from './problems.ts';

/** Source: https://docs.slack.dev/reference/block-kit/blocks: 50 a message, 100 a modal or Home tab. */
export const MESSAGE_BLOCKS = 50;
export const VIEW_BLOCKS = 100;

/** Source: data-table-block: in all tables of a message. */
const TABLE_CHARACTERS = 10_000;
/** As https://docs.rs/slack-morphism (blocks::SlackDataVisualizationBlock) reads data-visualization-block. */
const CHARTS = 2;

/** What Slack finds wrong with blocks; empty when nothing. `at` is where in the request they stand. */
export function blockProblems(blocks: unknown, max: number, at: string): readonly string[] {
  const found = problems(z.array(Block).check(z.maxLength(max)), blocks, at);
  return found.length > 0 ? found : [...among(blocks as readonly Block[], at)];
}

/** Gives blocks and elements without an id one, as Slack does. `next` is asked for each. */
export function withIds(blocks: readonly Block[], next: () => string): readonly Block[] {
  return structuredClone(blocks).map((block) => {
    block.block_id ??= next();
    for (const element of elementsOf(block)) element.action_id ??= next();
    return block;
  });
}

/** What no block shows alone. */
function* among(blocks: readonly Block[], at: string): Generator<string> {
  const ids = new Set<string>();
  let characters = 0;
  let charts = 0;
  for (const [index, block] of blocks.entries()) {
    const id = block.block_id;
    if (id !== undefined && ids.has(id))
      yield `\`block_id\` "${id}" already exists for another block ${pointer(at, [index, 'block_id'])}`;
    if (id !== undefined) ids.add(id);
    yield* inBlock(block, pointer(at, [index]));
    if (block.type === 'data_visualization') charts += 1;
    if (block.type === 'data_table')
      characters +=
        JSON.stringify(block.rows)
          .match(/"text":"[^"]*/g)
          ?.join('').length ?? 0;
  }
  if (charts > CHARTS) yield `no more than ${CHARTS} data_visualization blocks allowed ${pointer(at, [])}`;
  if (characters > TABLE_CHARACTERS)
    yield `tables must have less than ${TABLE_CHARACTERS + 1} characters in all ${pointer(at, [])}`;
}

function* inBlock(block: Block, here: string): Generator<string> {
  const actions = new Set<string>();
  for (const element of elementsOf(block)) {
    const id = element.action_id;
    if (id !== undefined && actions.has(id)) yield `\`action_id\` "${id}" already exists for another action ${here}`;
    if (id !== undefined) actions.add(id);
    yield* inElement(element, here);
  }
}

function* inElement(element: Element, here: string): Generator<string> {
  if (element.type === 'static_select' || element.type === 'multi_static_select')
    if ((element.options === undefined) === (element.option_groups === undefined))
      yield `must have one of options and option_groups ${here}`;
  const options = optionsOf(element);
  const values = options.map(({ value }) => value);
  if (new Set(values).size < values.length) yield `option values must be unique ${here}`;
  for (const initial of initialsOf(element))
    if (!options.some((option) => JSON.stringify(option) === JSON.stringify(initial)))
      yield `initial option must be one of the options, exactly ${here}`;
}

/** All that a menu, checkboxes or radio buttons offer. */
export function optionsOf(element: Element): readonly Option[] {
  const options = 'options' in element ? element.options : undefined;
  const groups = 'option_groups' in element ? element.option_groups : undefined;
  return (options ?? groups?.flatMap((group) => group.options) ?? []) as readonly Option[];
}

/** What is chosen of them at first. */
export function initialsOf(element: Element): readonly Option[] {
  if ('initial_option' in element && element.initial_option) return [element.initial_option as Option];
  if ('initial_options' in element && element.initial_options) return element.initial_options as readonly Option[];
  return [];
}
