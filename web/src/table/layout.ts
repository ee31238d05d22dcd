// Where columns and rows of the table lie: widths, offsets, and which of them can be seen. Rows have one height, open rows
// a panel below; so half a million rows need no list of positions.
// Deliberately absent: React and the values.

import type { Column } from '../api/types.gen';
import type { PackedRows } from '../rows/packed';

export const ROW_PX = 27;
export const HEADER_PX = 32;
export const GUTTER_PX = 56;
export const PANEL_PX = 340;
const COLUMN_MIN_PX = 60;
const COLUMN_MAX_PX = 1_200;
const CHAR_PX = 7.3;
const PADDING_PX = 26;
/** Chromium and Firefox cannot scroll further than this. */
export const SCROLL_PX_MAX = 16_000_000;

export interface Placed {
  /** Place in the result's columns. */
  at: number;
  column: Column;
  width: number;
  /** Left edge within the row, behind the gutter. */
  left: number;
  pinned: boolean;
}

/** A first width from the name and a few values. */
export function guessWidth(column: Column, at: number, rows: PackedRows): number {
  if (column.type === 'datetime') return momentWidth(column, at, rows);
  if (column.type === 'bool') return Math.max(76, column.name.length * CHAR_PX + PADDING_PX + 16);
  let chars = column.name.length + 3;
  for (let row = 0; row < Math.min(rows.length, 40); row += 1) {
    const value = rows.at(row, at);
    if (value !== null)
      chars = Math.max(chars, Math.min(String(value).length, column.type === 'dynamic' ? 36 : 44));
  }
  return clampWidth(Math.round(chars * CHAR_PX + PADDING_PX));
}

/** Moments take less room where none has a fraction of a second. */
function momentWidth(column: Column, at: number, rows: PackedRows): number {
  let chars = 19;
  for (let row = 0; row < Math.min(rows.length, 40) && chars === 19; row += 1) {
    if (/\.\d*[1-9]/.test(String(rows.at(row, at)))) chars = 23;
  }
  // The name, the mark of its type, and the dots.
  return clampWidth(Math.round(Math.max(chars, column.name.length + 6) * CHAR_PX + PADDING_PX));
}

export function clampWidth(width: number): number {
  return Math.min(COLUMN_MAX_PX, Math.max(COLUMN_MIN_PX, width));
}

/** Pinned columns first, hidden ones left out, each with its left edge. */
export function place(
  columns: Column[],
  widths: ReadonlyMap<string, number>,
  hidden: readonly string[],
  pinned: readonly string[],
): Placed[] {
  const away = new Set(hidden);
  const first = new Set(pinned);
  const shown = columns.map((column, at) => ({ column, at })).filter(({ column }) => !away.has(column.name));
  const ordered = [
    ...shown.filter(({ column }) => first.has(column.name)),
    ...shown.filter(({ column }) => !first.has(column.name)),
  ];
  let left = 0;
  return ordered.map(({ column, at }) => {
    const width = widths.get(column.name) ?? 120;
    const placed = { at, column, width, left, pinned: first.has(column.name) };
    left += width;
    return placed;
  });
}

export interface Window {
  first: number;
  /** Behind the last. */
  end: number;
}

/** The columns that are not pinned and can be seen. */
export function columnWindow(placed: Placed[], scrollLeft: number, width: number): Window {
  const firstFree = placed.findIndex((column) => !column.pinned);
  if (firstFree < 0) return { first: placed.length, end: placed.length };
  const pinnedWidth = placed[firstFree]?.left ?? 0;
  const [from, until] = [scrollLeft + pinnedWidth, scrollLeft + width];
  let first = searchLeft(placed, from);
  first = Math.max(firstFree, first - 1);
  let end = first;
  while (end < placed.length && (placed[end]?.left ?? 0) < until) end += 1;
  return { first, end: Math.min(placed.length, end + 1) };
}

/** The last column whose left edge is not right of `x`. */
function searchLeft(placed: Placed[], x: number): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.left ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Top edge of a position; `open` holds the positions of open rows, ascending. */
export function topOf(position: number, open: readonly number[]): number {
  return position * ROW_PX + countBelow(open, position) * PANEL_PX;
}

function countBelow(open: readonly number[], position: number): number {
  let count = 0;
  while (count < open.length && (open[count] ?? 0) < position) count += 1;
  return count;
}

export function totalHeight(length: number, open: readonly number[]): number {
  return length * ROW_PX + open.length * PANEL_PX;
}

/** The position whose row or panel covers `y`. */
export function positionAt(y: number, length: number, open: readonly number[]): number {
  let [low, high] = [0, Math.max(0, length - 1)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (topOf(middle, open) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
