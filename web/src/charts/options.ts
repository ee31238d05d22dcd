// KQL's `render` kinds as ECharts options. Pure: the same rows give the same options, and the tests read them.
// Deliberately absent: ECharts itself (`Canvas`), and cards, which are no canvas (`Card`).

import type { EChartsCoreOption } from 'echarts/core';
import { clockText, shortMoment, type Zone } from '../time/moment';
import { colorOf, type Drawing, frame, type Look, legend, tooltip, valueAxis } from './frame';
import { categories, type Properties, properties, type Shape, shapeOf } from './series';

export type { Drawing, Look } from './frame';

export const CHARTS = [
  'timechart',
  'linechart',
  'areachart',
  'columnchart',
  'barchart',
  'piechart',
  'scatterchart',
  'anomalychart',
];
const KNOWN = new Set([
  ...CHARTS,
  'card',
  'stackedareachart',
  'ladderchart',
  'pivotchart',
  'timepivot',
  'treemap',
]);

/** The chart that draws a `render` kind; `null` for a table. */
export function chartKind(visualization: string | null | undefined): string | null {
  const kind = (visualization ?? '').toLowerCase();
  if (kind === '' || kind === 'table' || !KNOWN.has(kind)) return null;
  if (kind === 'stackedareachart') return 'areachart';
  if (kind === 'treemap') return 'piechart';
  return CHARTS.includes(kind) || kind === 'card' ? kind : null;
}

export function chartOptions(drawing: Drawing): EChartsCoreOption {
  const given = properties(drawing.properties);
  const shape = shapeOf(drawing.kind, drawing.columns, drawing.rows, given);
  const option =
    drawing.kind === 'piechart'
      ? pie(shape, drawing)
      : shape.x === 'category'
        ? bars(shape, drawing, given)
        : lines(shape, drawing, given);
  const title = given.get('title');
  return {
    animation: false,
    color: drawing.look.colors,
    textStyle: { fontFamily: drawing.look.font, color: drawing.look.text },
    ...(title === undefined || drawing.small
      ? {}
      : { title: { text: title, left: 12, top: 8, textStyle: { fontSize: 13, color: drawing.look.text } } }),
    aria: { enabled: true },
    ...option,
  };
}

function lines(shape: Shape, drawing: Drawing, given: Properties): EChartsCoreOption {
  const { look, zone, kind } = drawing;
  const scatter = kind === 'scatterchart';
  const stacked = kind === 'areachart' && given.get('kind') !== 'unstacked';
  const marked = new Set(
    (given.get('anomalycolumns') ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  );
  const flags = shape.series.filter((one) => marked.has(one.name.split(': ').at(-1) ?? ''));
  const drawn = shape.series.filter((one) => !flags.includes(one));
  const columns = kind === 'columnchart' || kind === 'barchart';
  // What is stacked must have a value at every place, or the layers would lie on others than their own.
  const moments =
    stacked || columns
      ? [...new Set(drawn.flatMap((one) => one.points.map((point) => Number(point.x))))].sort((a, b) => a - b)
      : null;
  return {
    legend: legend({ ...shape, series: drawn }, drawing),
    grid: frame({ ...shape, series: drawn }, drawing, given.has('title') && !drawing.small),
    tooltip: tooltip(look, scatter ? 'item' : 'axis'),
    xAxis: {
      type: shape.x === 'time' ? 'time' : 'value',
      name: given.get('xtitle') ?? '',
      axisLine: { lineStyle: { color: look.line } },
      axisLabel: {
        color: look.quiet,
        fontSize: 11,
        hideOverlap: true,
        ...(shape.x === 'time' ? { formatter: (value: number) => timeLabel(value, zone) } : {}),
      },
      splitLine: { show: false },
      ...(shape.x === 'time'
        ? {
            axisPointer: { label: { formatter: ({ value }: { value: number }) => shortMoment(value, zone) } },
          }
        : { scale: true }),
    },
    yAxis: valueAxis(look, given),
    series: drawn.map((one) => ({
      name: one.name,
      type: scatter ? 'scatter' : columns ? 'bar' : 'line',
      showSymbol: one.points.length < 2,
      symbolSize: scatter ? 7 : 5,
      sampling: scatter || moments !== null ? undefined : 'lttb',
      lineStyle: { width: 1.7 },
      ...(columns ? { stack: 'all', barMaxWidth: 24 } : {}),
      ...(kind === 'areachart' ? { areaStyle: { opacity: 0.35 }, ...(stacked ? { stack: 'all' } : {}) } : {}),
      ...colorOf(one.name, look),
      data: moments === null ? one.points.map((point) => [point.x, point.y]) : aligned(one, moments),
      ...markPoints(flags, one, look),
    })),
  };
}

function aligned(one: Shape['series'][number], moments: number[]): [number, number][] {
  const known = new Map(one.points.map((point) => [Number(point.x), point.y ?? 0]));
  return moments.map((moment) => [moment, known.get(moment) ?? 0]);
}

/** Anomalies are points of the line at which the flag's series is not zero. */
function markPoints(flags: Shape['series'], one: Shape['series'][number], look: Look) {
  if (flags.length === 0) return {};
  const hot = new Set(
    flags.flatMap((flag) => flag.points.filter((point) => (point.y ?? 0) !== 0).map((point) => point.x)),
  );
  const data = one.points
    .filter((point) => hot.has(point.x) && point.y !== null)
    .map((point) => ({ coord: [point.x, point.y] }));
  return {
    markPoint: {
      symbol: 'circle',
      symbolSize: 10,
      itemStyle: { color: look.bad },
      label: { show: false },
      data,
    },
  };
}

function timeLabel(value: number, zone: Zone): string {
  const clock = clockText(value, zone);
  return clock === '00:00' ? shortMoment(value, zone).replace(/ 00:00$/, '') : clock;
}

function bars(shape: Shape, drawing: Drawing, given: Properties): EChartsCoreOption {
  const { look, kind } = drawing;
  const { names, values } = categories(shape);
  const lying = kind === 'barchart';
  const category = {
    type: 'category',
    data: names,
    inverse: lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: look.line } },
    axisLabel: {
      color: look.quiet,
      fontSize: 11,
      hideOverlap: true,
      width: lying ? (drawing.small ? 130 : 220) : 110,
      overflow: 'truncate',
    },
  };
  const stack = given.get('kind') === 'unstacked' || given.get('kind') === 'default' ? undefined : 'all';
  return {
    legend: legend(shape, drawing),
    grid: frame(shape, drawing, given.has('title') && !drawing.small),
    tooltip: tooltip(look, 'axis'),
    xAxis: lying ? valueAxis(look, given) : category,
    yAxis: lying ? category : valueAxis(look, given),
    series: shape.series.map((one, at) => ({
      name: one.name,
      type:
        kind === 'scatterchart'
          ? 'scatter'
          : ['timechart', 'areachart', 'linechart', 'anomalychart'].includes(kind)
            ? 'line'
            : 'bar',
      ...(stack === undefined || kind === 'scatterchart' ? {} : { stack }),
      barMaxWidth: 26,
      ...(kind === 'areachart' ? { areaStyle: { opacity: 0.35 } } : {}),
      ...colorOf(one.name, look),
      data: values[at] ?? [],
    })),
  };
}

function pie(shape: Shape, drawing: Drawing): EChartsCoreOption {
  const { look, small } = drawing;
  const sliced =
    shape.x === 'time'
      ? {
          ...shape,
          series: shape.series.map((one) => ({
            ...one,
            points: one.points.map((point) => ({ ...point, x: shortMoment(Number(point.x), drawing.zone) })),
          })),
        }
      : shape;
  const { names, values } = categories(sliced);
  const data = names
    .map((name, at) => ({
      name,
      value: values.reduce((sum, list) => sum + (list[at] ?? 0), 0),
      ...colorOf(name, look),
    }))
    .sort((a, b) => b.value - a.value);
  return {
    legend: {
      ...legend({ ...shape, series: [...shape.series, ...shape.series] }, drawing),
      orient: 'vertical',
      right: 8,
      left: 'auto',
      top: 'middle',
      bottom: 'auto',
    },
    tooltip: tooltip(look, 'item'),
    series: [
      {
        type: 'pie',
        // Beside it a tile's legend needs its room, also where the tile is narrow.
        radius: small ? ['38%', '60%'] : ['48%', '76%'],
        center: [small ? '34%' : '38%', '50%'],
        itemStyle: { borderColor: look.panel, borderWidth: 2 },
        label: { show: !small, color: look.text, formatter: '{b}  {d} %' },
        labelLine: { show: !small },
        data,
      },
    ],
  };
}
