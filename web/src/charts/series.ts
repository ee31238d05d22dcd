// From a result's rows to what a chart draws: categories or moments on one axis, a series of numbers for each name.
// Deliberately absent: how it looks (`options`).

import type { Column } from '../api/types.gen';
import { isNumeric } from '../rows/cell';
import type { Cell } from '../rows/packed';

/** Series drawn; the rest are summed up as others. */
export const SERIES_MAX = 24;
/** Categories of bars and slices; the rest are summed up as others. */
export const CATEGORIES_MAX = 60;
/** Points of one chart. */
export const POINTS_MAX = 50_000;
export const OTHERS = 'others';

export type Properties = ReadonlyMap<string, string>;

export interface Series {
  name: string;
  /** `x` is a moment in milliseconds, a number, or a category. */
  points: { x: number | string; y: number | null }[];
}

export interface Shape {
  x: 'time' | 'number' | 'category';
  xName: string;
  yName: string;
  series: Series[];
}

export function properties(list: readonly [string, unknown][]): Properties {
  return new Map(
    list.map(([key, value]) => [key.toLowerCase(), Array.isArray(value) ? value.join(',') : String(value)]),
  );
}

function named(columns: Column[], text: string | undefined): number[] {
  if (text === undefined || text === '') return [];
  return text
    .split(',')
    .map((name) => columns.findIndex((column) => column.name === name.trim()))
    .filter((at) => at >= 0);
}

function toNumber(cell: Cell): number | null {
  if (cell === null || cell === '') return null;
  const number = typeof cell === 'boolean' ? Number(cell) : Number(cell);
  return Number.isFinite(number) ? number : null;
}

/** Columns that `make-series` fills with arrays are unfolded to a row a point. */
export function unfolded(columns: Column[], rows: Cell[][]): { columns: Column[]; rows: Cell[][] } {
  const first = rows[0];
  if (first === undefined) return { columns, rows };
  const arrays = columns.map((column, at) => (column.type === 'dynamic' ? arrayOf(first[at] ?? null) : null));
  if (!arrays.some((array) => array !== null)) return { columns, rows };
  const types = columns.map((column, at) => {
    const sample = arrays[at]?.find((value) => value !== null);
    if (sample === undefined) return column;
    return {
      name: column.name,
      type: typeof sample === 'number' ? 'real' : isMoment(sample) ? 'datetime' : 'string',
    };
  });
  const out: Cell[][] = [];
  for (const row of rows) {
    const lists = columns.map((_column, at) => (arrays[at] === null ? null : arrayOf(row[at] ?? null)));
    const length = Math.max(0, ...lists.map((list) => list?.length ?? 0));
    for (let index = 0; index < length && out.length < POINTS_MAX; index += 1) {
      out.push(row.map((cell, at) => (lists[at] === null ? cell : ((lists[at]?.[index] ?? null) as Cell))));
    }
  }
  return { columns: types, rows: out };
}

function arrayOf(cell: Cell): unknown[] | null {
  if (typeof cell !== 'string' || !cell.startsWith('[')) return null;
  try {
    const value: unknown = JSON.parse(cell);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isMoment(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
}

export function shapeOf(kind: string, allColumns: Column[], allRows: Cell[][], given: Properties): Shape {
  const { columns, rows } = unfolded(allColumns, allRows);
  const time =
    kind === 'timechart' || kind === 'areachart' || kind === 'anomalychart' || kind === 'linechart';
  const xs = named(columns, given.get('xcolumn'));
  const dated = columns.findIndex((column) => column.type === 'datetime');
  const x = xs[0] ?? (time && dated >= 0 ? dated : firstAxis(kind, columns));
  const ys = named(columns, given.get('ycolumns'));
  const values =
    ys.length > 0
      ? ys
      : columns.map((_column, at) => at).filter((at) => at !== x && isNumeric(columns[at]?.type ?? ''));
  const names = named(columns, given.get('series'));
  const split =
    names.length > 0
      ? names
      : columns
          .map((_column, at) => at)
          .filter(
            (at) =>
              at !== x &&
              !values.includes(at) &&
              ['string', 'bool', 'guid'].includes(columns[at]?.type ?? ''),
          );
  const type = columns[x]?.type ?? 'string';
  const axis =
    type === 'datetime'
      ? 'time'
      : isNumeric(type) && (kind === 'scatterchart' || time)
        ? 'number'
        : 'category';
  const found = new Map<string, Series>();
  for (const row of rows.slice(0, POINTS_MAX)) {
    const label = split.map((at) => String(row[at] ?? '') || 'none').join(', ');
    for (const at of values) {
      const column = columns[at]?.name ?? '';
      const name = label === '' ? column : values.length === 1 ? label : `${label}: ${column}`;
      const series = found.get(name) ?? { name, points: [] };
      found.set(name, series);
      series.points.push({ x: axisValue(row[x] ?? null, axis), y: toNumber(row[at] ?? null) });
    }
  }
  const series = fewer([...found.values()]);
  if (axis !== 'category') for (const one of series) one.points.sort((a, b) => Number(a.x) - Number(b.x));
  return {
    x: axis,
    xName: columns[x]?.name ?? '',
    yName: values.length === 1 ? (columns[values[0] ?? 0]?.name ?? '') : '',
    series,
  };
}

/** Bars take the first column that is no number; where all are numbers, the first. */
function firstAxis(kind: string, columns: Column[]): number {
  if (kind === 'scatterchart') {
    const at = columns.findIndex((column) => column.type === 'datetime' || isNumeric(column.type));
    return Math.max(0, at);
  }
  const at = columns.findIndex((column) => !isNumeric(column.type));
  return Math.max(0, at);
}

function axisValue(cell: Cell, axis: Shape['x']): number | string {
  if (axis === 'time') return Date.parse(String(cell));
  if (axis === 'number') return Number(cell);
  return cell === null || cell === '' ? 'none' : String(cell).slice(0, 200);
}

/** The largest series; what is left over is summed up by its places. */
function fewer(series: Series[]): Series[] {
  if (series.length <= SERIES_MAX) return series;
  const size = (one: Series) => one.points.reduce((sum, point) => sum + Math.abs(point.y ?? 0), 0);
  const ordered = [...series].sort((a, b) => size(b) - size(a));
  const sums = new Map<number | string, number>();
  for (const one of ordered.slice(SERIES_MAX - 1)) {
    for (const point of one.points) sums.set(point.x, (sums.get(point.x) ?? 0) + (point.y ?? 0));
  }
  return [
    ...ordered.slice(0, SERIES_MAX - 1),
    { name: OTHERS, points: [...sums].map(([x, y]) => ({ x, y })) },
  ];
}

/** Categories in the order in which they come, with the smallest put together if there are too many. */
export function categories(shape: Shape): { names: string[]; values: (number | null)[][] } {
  const order = [...new Set(shape.series.flatMap((one) => one.points.map((point) => String(point.x))))];
  const kept = new Set(order.slice(0, order.length > CATEGORIES_MAX ? CATEGORIES_MAX - 1 : CATEGORIES_MAX));
  const names = order.length > kept.size ? [...kept, OTHERS] : [...kept];
  const place = new Map(names.map((name, at) => [name, at]));
  const values = shape.series.map((one) => {
    const list: (number | null)[] = names.map(() => null);
    for (const point of one.points) {
      const at = place.get(String(point.x)) ?? names.length - 1;
      if (point.y !== null) list[at] = (list[at] ?? 0) + point.y;
    }
    return list;
  });
  return { names, values };
}
