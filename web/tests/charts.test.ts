// `render` to chart: which column goes where, and what the options say.

import { describe, expect, test } from 'vitest';
import { chartKind, chartOptions } from '../src/charts/options';
import {
  CATEGORIES_MAX,
  categories,
  OTHERS,
  properties,
  SERIES_MAX,
  shapeOf,
  unfolded,
} from '../src/charts/series';

const none = properties([]);
const time = { name: 'TimeGenerated', type: 'datetime' };
const count = { name: 'Events', type: 'long' };
const kind = { name: 'Kind', type: 'string' };
const at = (hour: number) => `2026-01-01T0${hour}:00:00Z`;

describe('the shape', () => {
  test('a time chart has moments below and a series for each name, in order of time', () => {
    const shape = shapeOf(
      'timechart',
      [kind, count, time],
      [
        ['b', 2, at(2)],
        ['a', 1, at(1)],
        ['b', 3, at(1)],
      ],
      none,
    );
    expect(shape.x).toBe('time');
    expect(shape.series).toEqual([
      {
        name: 'b',
        points: [
          { x: Date.parse(at(1)), y: 3 },
          { x: Date.parse(at(2)), y: 2 },
        ],
      },
      { name: 'a', points: [{ x: Date.parse(at(1)), y: 1 }] },
    ]);
  });

  test('bars have the first column that is no number', () => {
    const shape = shapeOf(
      'barchart',
      [count, kind],
      [
        [5, 'a'],
        [7, null],
      ],
      none,
    );
    expect(categories(shape)).toEqual({ names: ['a', 'none'], values: [[5, 7]] });
  });

  test('properties choose the columns', () => {
    const columns = [kind, { name: 'Low', type: 'real' }, { name: 'High', type: 'real' }];
    const shape = shapeOf('columnchart', columns, [['a', 1, 2]], properties([['ycolumns', ['High']]]));
    expect(shape.series.map((one) => one.name)).toEqual(['High']);
  });

  test('arrays of make-series are unfolded', () => {
    const columns = [{ name: 'Events', type: 'dynamic' }, { name: 'TimeGenerated', type: 'dynamic' }, kind];
    const { columns: types, rows } = unfolded(columns, [['[1,2]', `["${at(1)}","${at(2)}"]`, 'a']]);
    expect(types.map((one) => one.type)).toEqual(['real', 'datetime', 'string']);
    expect(rows).toEqual([
      [1, at(1), 'a'],
      [2, at(2), 'a'],
    ]);
  });

  test('too many series and categories are summed up', () => {
    const many = Array.from({ length: SERIES_MAX + 5 }, (_one, n) => [at(1), 1, `s${n}`]);
    const shape = shapeOf('timechart', [time, count, kind], many, none);
    expect(shape.series.length).toBe(SERIES_MAX);
    expect(shape.series.at(-1)).toEqual({ name: OTHERS, points: [{ x: Date.parse(at(1)), y: 6 }] });
    const bars = shapeOf(
      'barchart',
      [kind, count],
      Array.from({ length: 100 }, (_one, n) => [`c${n}`, 1]),
      none,
    );
    const { names, values } = categories(bars);
    expect([names.length, names.at(-1), values[0]?.at(-1)]).toEqual([
      CATEGORIES_MAX,
      OTHERS,
      100 - CATEGORIES_MAX + 1,
    ]);
  });
});

describe('the options', () => {
  const look = {
    text: '#000',
    quiet: '#555',
    line: '#ddd',
    panel: '#fff',
    bad: '#f00',
    colors: ['#00f', '#0a0'],
    font: 'x',
  };
  const draw = (
    of: string,
    given: [string, unknown][] = [],
    rows: [string, number, string][] = [
      [at(1), 1, 'success'],
      [at(1), 2, 'failure'],
    ],
  ) =>
    chartOptions({
      kind: of,
      properties: given,
      columns: [time, count, kind],
      rows,
      look,
      zone: 'utc',
      small: false,
    }) as {
      series: {
        type: string;
        name: string;
        stack?: string;
        areaStyle?: unknown;
        itemStyle?: { color: string };
      }[];
      tooltip: { renderMode: string };
      title?: { text: string };
      yAxis?: { type: string };
    };

  test.each([
    ['timechart', 'line'],
    ['areachart', 'line'],
    ['columnchart', 'bar'],
    ['scatterchart', 'scatter'],
    ['piechart', 'pie'],
  ])('%s is drawn with %s', (of, type) => expect(draw(of).series[0]?.type).toBe(type));

  test('areas are stacked unless told otherwise', () => {
    expect(draw('areachart').series[0]?.stack).toBe('all');
    expect(draw('areachart', [['kind', 'unstacked']]).series[0]?.stack).toBeUndefined();
  });
  test('stacked layers have a value at every moment', () => {
    const option = draw(
      'areachart',
      [],
      [
        [at(1), 1, 'a'],
        [at(2), 2, 'b'],
      ],
    ) as unknown as { series: { data: [number, number][] }[] };
    expect(option.series.map((one) => one.data.map(([, y]) => y))).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });
  test('failures are red', () => expect(draw('timechart').series[1]?.itemStyle?.color).toBe('#f00'));
  test('title and axis follow the query', () => {
    expect(draw('timechart', [['title', '<b>x</b>']]).title?.text).toBe('<b>x</b>');
    expect(draw('timechart', [['yaxis', 'log']]).yAxis?.type).toBe('log');
  });
  test('names out of events are never markup', () =>
    expect(draw('timechart').tooltip.renderMode).toBe('richText'));
  test('no rows are no failure', () => expect(draw('timechart', [], []).series).toEqual([]));
  test.each([
    ['TimeChart', 'timechart'],
    ['stackedareachart', 'areachart'],
    ['card', 'card'],
    ['table', null],
    ['unknown', null],
    [undefined, null],
  ])('%s is %s', (given, expected) => expect(chartKind(given)).toBe(expected));
});
