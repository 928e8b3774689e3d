import { h, newId, svg } from './dom.js';

const WIDTH = 560;
const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 34;

/** A data_visualization block: the drawing, its legend, and the same as a table. */
export function chart({ title, chart: data }) {
  const titleId = newId('chart');
  const names = data.type === 'pie' ? data.segments.map(({ label }) => label) : data.series.map(({ name }) => name);
  return h(
    'figure',
    { class: 'chart', 'aria-labelledby': titleId },
    h('figcaption', { id: titleId }, title),
    h(
      'div',
      { class: 'drawing' },
      svg(
        'svg',
        {
          viewBox: data.type === 'pie' ? '0 0 240 240' : `0 0 ${WIDTH} ${HEIGHT}`,
          role: 'img',
          'aria-label': told(title, data),
          class: data.type === 'pie' ? 'pie' : 'plot',
        },
        data.type === 'pie' ? pie(data.segments) : plot(data),
      ),
    ),
    names.length > 1 || data.type === 'pie'
      ? h(
          'ul',
          { class: 'legend' },
          names.map((name, index) =>
            h('li', {}, h('span', { class: `swatch series-${index}` }), name, share(data, index)),
          ),
        )
      : null,
    h('details', {}, h('summary', {}, 'Show as a table'), table(title, data)),
  );
}

function share(data, index) {
  if (data.type !== 'pie') return null;
  const sum = data.segments.reduce((total, { value }) => total + value, 0);
  return h('span', { class: 'share' }, ` ${Math.round((100 * data.segments[index].value) / sum)}%`);
}

function told(title, data) {
  return data.type === 'pie'
    ? `Pie chart: ${title}. ${data.segments.map(({ label, value }) => `${label} ${value}`).join(', ')}`
    : `${data.type} chart: ${title}. ${data.series.length} series over ${data.axis_config.categories.length} categories`;
}

function table(title, data) {
  const [head, rows] =
    data.type === 'pie'
      ? [['', 'Value'], data.segments.map(({ label, value }) => [label, value])]
      : [
          [data.axis_config.x_label ?? '', ...data.series.map(({ name }) => name)],
          data.axis_config.categories.map((category) => [
            category,
            ...data.series.map((series) => valueAt(series, category)),
          ]),
        ];
  return h(
    'table',
    {},
    h('caption', { class: 'unseen' }, title),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        head.map((cell) => h('th', { scope: 'col' }, cell)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map(([first, ...others]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, first),
          others.map((cell) => h('td', {}, String(cell))),
        ),
      ),
    ),
  );
}

function pie(segments) {
  const sum = segments.reduce((total, { value }) => total + value, 0);
  let turned = 0;
  return segments.map(({ label, value }, index) => {
    const from = turned;
    turned += value / sum;
    const path =
      segments.length === 1
        ? 'M120 10a110 110 0 1 1-.01 0z'
        : `M120 120L${around(from)}A110 110 0 ${turned - from > 0.5 ? 1 : 0} 1 ${around(turned)}Z`;
    return svg('path', { d: path, class: `slice series-${index}` }, svg('title', {}, `${label}: ${value}`));
  });
}

function around(turn) {
  const angle = 2 * Math.PI * turn - Math.PI / 2;
  return `${(120 + 110 * Math.cos(angle)).toFixed(2)} ${(120 + 110 * Math.sin(angle)).toFixed(2)}`;
}

function plot({ type, series, axis_config: { categories, x_label, y_label } }) {
  const values = series.flatMap(({ data }) => data.map(({ value }) => value));
  const ticks = ticksFor(Math.min(0, ...values), Math.max(0, ...values));
  const [low, high] = [ticks[0], ticks.at(-1)];
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const slot = (WIDTH - LEFT - RIGHT) / categories.length;
  const x = (index) => LEFT + slot * (index + 0.5);
  const every = Math.ceil(categories.length / 10);
  return [
    ticks.map((tick) => [
      svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: tick === 0 ? 'zero' : 'grid' }),
      svg('text', { x: LEFT - 8, y: y(tick) + 4, class: 'tick end' }, short(tick)),
    ]),
    categories.map((category, index) =>
      index % every === 0
        ? svg('text', { x: x(index), y: HEIGHT - BOTTOM + 16, class: 'tick middle' }, category)
        : null,
    ),
    x_label ? svg('text', { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 3, class: 'axis middle' }, x_label) : null,
    y_label
      ? svg('text', { x: 10, y: HEIGHT / 2, class: 'axis middle', transform: `rotate(-90 10 ${HEIGHT / 2})` }, y_label)
      : null,
    type === 'bar' ? bars(series, categories, { x, y, slot }) : lines(type, series, categories, { x, y }),
  ];
}

function bars(series, categories, { x, y, slot }) {
  const width = Math.min(34, (slot * 0.72) / series.length);
  return series.flatMap((one, number) =>
    categories.map((category, index) => {
      const value = valueAt(one, category);
      return svg(
        'rect',
        {
          x: x(index) + (number - series.length / 2) * width + 1,
          y: Math.min(y(value), y(0)),
          width: Math.max(1, width - 2),
          height: Math.max(1, Math.abs(y(value) - y(0))),
          rx: 2,
          class: `bar series-${number}`,
        },
        svg('title', {}, `${one.name}, ${category}: ${value}`),
      );
    }),
  );
}

function lines(type, series, categories, { x, y }) {
  return series.map((one, number) => {
    const points = categories.map((category, index) => [x(index), y(valueAt(one, category))]);
    const path = points
      .map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`)
      .join('');
    return [
      type === 'area'
        ? svg('path', {
            d: `${path}L${points.at(-1)[0]} ${y(0)}L${points[0][0]} ${y(0)}Z`,
            class: `area series-${number}`,
          })
        : null,
      svg('path', { d: path, class: `line series-${number}` }),
      points.map(([cx, cy], index) =>
        svg(
          'circle',
          { cx, cy, r: 3, class: `point series-${number}` },
          svg('title', {}, `${one.name}, ${categories[index]}: ${valueAt(one, categories[index])}`),
        ),
      ),
    ];
  });
}

function valueAt({ data }, category) {
  return data.find(({ label }) => label === category)?.value ?? 0;
}

/** Four or five round numbers that hold all values. */
function ticksFor(low, high) {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const first = Math.floor(low / step) * step;
  const count = Math.ceil((high - first) / step) + 1;
  return Array.from({ length: Math.max(2, count) }, (_, index) => Number((first + index * step).toPrecision(12)));
}

function short(value) {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(value);
}
