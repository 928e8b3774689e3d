import * as z from 'zod/mini';
import { Id, words } from './objects.ts';
import { RichText } from './rich-text.ts';

// Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block and .../data-table-block.
// There are later readings of the former with twelve series; what six allow, twelve do.

const SERIES = 6;
const label = words(20);

const Axes = z.strictObject({
  categories: z.array(label).check(z.minLength(1), z.maxLength(20)),
  x_label: z.optional(words(50)),
  y_label: z.optional(words(50)),
});

const Series = z.strictObject({
  name: label,
  data: z.array(z.strictObject({ label, value: z.number() })).check(z.minLength(1), z.maxLength(20)),
});

const series = (type: 'bar' | 'area' | 'line') =>
  z
    .strictObject({
      type: z.literal(type),
      series: z.array(Series).check(z.minLength(1), z.maxLength(SERIES)),
      axis_config: Axes,
    })
    .check((chart) => {
      const { series, axis_config } = chart.value;
      const names = series.map(({ name }) => name);
      for (const [index, { name, data }] of series.entries()) {
        const path = ['series', index];
        if (names.indexOf(name) < index)
          chart.issues.push({ code: 'custom', message: 'series names must be unique', path, input: name });
        if (!isEqual(data.map((point) => point.label).toSorted(), axis_config.categories.toSorted()))
          chart.issues.push({
            code: 'custom',
            message: 'data must have one point for each of the categories',
            path: [...path, 'data'],
            input: data,
          });
      }
    });

const Pie = z.strictObject({
  type: z.literal('pie'),
  segments: z
    .array(z.strictObject({ label, value: z.number().check(z.gt(0)) }))
    .check(z.minLength(1), z.maxLength(SERIES)),
});

export const DataVisualization = z.strictObject({
  type: z.literal('data_visualization'),
  block_id: z.optional(Id),
  title: words(50),
  chart: z.discriminatedUnion('type', [Pie, series('bar'), series('area'), series('line')]),
});

const RawText = z.strictObject({ type: z.literal('raw_text'), text: z.string().check(z.minLength(1)) });
const RawNumber = z.strictObject({
  type: z.literal('raw_number'),
  value: z.number(),
  text: z.string().check(z.minLength(1)),
});

export const DataTable = z
  .strictObject({
    type: z.literal('data_table'),
    block_id: z.optional(Id),
    caption: z.string().check(z.minLength(1)),
    rows: z
      .array(
        z.array(z.discriminatedUnion('type', [RawText, RawNumber, RichText])).check(z.minLength(1), z.maxLength(20)),
      )
      .check(z.minLength(2), z.maxLength(101)),
    page_size: z.optional(z.int().check(z.gte(1), z.lte(100))),
    row_header_column_index: z.optional(z.int().check(z.gte(0))),
  })
  .check((table) => {
    const [header = [], ...rows] = table.value.rows;
    for (const [index, { type }] of header.entries())
      if (type === 'rich_text')
        table.issues.push({
          code: 'custom',
          message: 'header cells must not be rich_text',
          path: ['rows', 0, index],
          input: type,
        });
    for (const [index, row] of rows.entries())
      if (row.length !== header.length)
        table.issues.push({
          code: 'custom',
          message: 'all rows must have the same number of cells',
          path: ['rows', index + 1],
          input: row,
        });
  });

function isEqual(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
