// Which rows are shown, and in which order: filters, sorting, groups. It ranks and judges distinct values, then walks the
// rows' numbers once.
// Deliberately absent: React, and the query; what is done here concerns the rows that are in the browser only.

import type { Cell, PackedColumn, PackedRows } from './packed';

export interface Sort {
  column: string;
  descending: boolean;
}

export interface ColumnFilter {
  column: string;
  /** The value contains this text, in any case. */
  contains?: string;
  /** The value is one of these; `null` stands for no value. */
  among?: Cell[];
}

export interface ViewState {
  sort: Sort | null;
  filters: ColumnFilter[];
  group: string | null;
  /** Keys of the groups that are open. */
  open: ReadonlySet<string>;
}

export interface Group {
  key: string;
  value: Cell;
  count: number;
}

/** What the table shows from top to bottom: a row's number, or −1 − the number of a group's header. */
export interface View {
  items: Int32Array | null;
  length: number;
  rows: number;
  groups: Group[];
}

export const NO_VIEW: ViewState = { sort: null, filters: [], group: null, open: new Set() };

const NUMERIC = new Set(['int', 'long', 'real', 'decimal']);

/** Order of two cells: nothing first, numbers by size, texts by their characters. */
function comparer(type: string): (a: Cell, b: Cell) => number {
  if (NUMERIC.has(type)) {
    return (a, b) => (a === null ? (b === null ? 0 : -1) : b === null ? 1 : compareNumbers(a, b));
  }
  return (a, b) => {
    if (a === b) return 0;
    if (a === null) return -1;
    if (b === null) return 1;
    return a < b ? -1 : 1;
  };
}

function compareNumbers(a: Cell, b: Cell): number {
  const [x, y] = [Number(a), Number(b)];
  if (x < y) return -1;
  if (x > y) return 1;
  // Long integers that a double does not tell apart.
  if (typeof a === 'string' && typeof b === 'string' && /^-?\d+$/.test(a) && /^-?\d+$/.test(b)) {
    const [p, q] = [BigInt(a), BigInt(b)];
    return p < q ? -1 : p > q ? 1 : 0;
  }
  return 0;
}

/** For each distinct value its place in the order; equal values share one. */
function ranks(column: PackedColumn): Uint32Array {
  const order = Uint32Array.from(column.values.keys());
  const compare = comparer(column.column.type);
  order.sort((a, b) => compare(column.values[a] ?? null, column.values[b] ?? null) || a - b);
  const out = new Uint32Array(order.length);
  let rank = 0;
  order.forEach((code, at) => {
    const before = order[at - 1];
    if (before !== undefined && compare(column.values[before] ?? null, column.values[code] ?? null) !== 0)
      rank += 1;
    out[code] = rank;
  });
  return out;
}

function matches(cell: Cell, needle: string, among: Set<Cell> | null): boolean {
  if (among !== null && !among.has(cell)) return false;
  return needle === '' || (cell !== null && String(cell).toLowerCase().includes(needle));
}

/** The numbers of the rows that pass all filters; `null` for all rows. */
function selected(rows: PackedRows, filters: ColumnFilter[]): Int32Array | null {
  const judged: { codes: Uint32Array; good: Uint8Array }[] = [];
  for (const filter of filters) {
    const column = rows.packed[rows.indexOf(filter.column)];
    const needle = (filter.contains ?? '').toLowerCase();
    if (column === undefined || (needle === '' && filter.among === undefined)) continue;
    const among = filter.among === undefined ? null : new Set(filter.among);
    const good = Uint8Array.from(column.values, (cell) => (matches(cell, needle, among) ? 1 : 0));
    judged.push({ codes: column.codes, good });
  }
  if (judged.length === 0) return null;
  const out = new Int32Array(rows.length);
  let count = 0;
  for (let row = 0; row < rows.length; row += 1) {
    let good = true;
    for (const { codes, good: passes } of judged) good &&= passes[codes[row] ?? 0] === 1;
    if (good) out[count++] = row;
  }
  return out.subarray(0, count);
}

/** Sorts stably by counting ranks. */
function sorted(rows: PackedRows, chosen: Int32Array | null, sort: Sort): Int32Array | null {
  const column = rows.packed[rows.indexOf(sort.column)];
  if (column === undefined) return chosen;
  const rank = ranks(column);
  const total = chosen?.length ?? rows.length;
  const places = new Uint32Array(column.values.length + 1);
  const last = column.values.length - 1;
  const place = (row: number): number => {
    const at = rank[column.codes[row] ?? 0] ?? 0;
    return sort.descending ? last - at : at;
  };
  for (let at = 0; at < total; at += 1) {
    const slot = place(chosen?.[at] ?? at) + 1;
    places[slot] = (places[slot] ?? 0) + 1;
  }
  for (let slot = 1; slot < places.length; slot += 1)
    places[slot] = (places[slot] ?? 0) + (places[slot - 1] ?? 0);
  const out = new Int32Array(total);
  for (let at = 0; at < total; at += 1) {
    const row = chosen?.[at] ?? at;
    const slot = place(row);
    out[places[slot] ?? 0] = row;
    places[slot] = (places[slot] ?? 0) + 1;
  }
  return out;
}

/** Groups by a column's values, the largest first; rows of open groups follow their header. */
function grouped(rows: PackedRows, chosen: Int32Array | null, state: ViewState, at: number): View {
  const column = rows.packed[at];
  const total = chosen?.length ?? rows.length;
  const byKey = new Map<Cell, { value: Cell; rows: number[] }>();
  for (let index = 0; index < total; index += 1) {
    const row = chosen?.[index] ?? index;
    const value = column?.at(row) ?? null;
    const group = byKey.get(value);
    if (group === undefined) byKey.set(value, { value, rows: [row] });
    else group.rows.push(row);
  }
  const all = [...byKey.values()].sort((a, b) => b.rows.length - a.rows.length);
  const groups = all.map((group) => ({
    key: groupKey(group.value),
    value: group.value,
    count: group.rows.length,
  }));
  const items: number[] = [];
  groups.forEach((group, number) => {
    items.push(-1 - number);
    if (state.open.has(group.key)) for (const row of all[number]?.rows ?? []) items.push(row);
  });
  return { items: Int32Array.from(items), length: items.length, rows: total, groups };
}

export function groupKey(value: Cell): string {
  return value === null ? 'null' : `${typeof value} ${value}`;
}

export function viewOf(rows: PackedRows, state: ViewState): View {
  const chosen = selected(rows, state.filters);
  const ordered = state.sort === null ? chosen : sorted(rows, chosen, state.sort);
  const at = state.group === null ? -1 : rows.indexOf(state.group);
  if (at >= 0) return grouped(rows, ordered, state, at);
  const length = ordered?.length ?? rows.length;
  return { items: ordered, length, rows: length, groups: [] };
}

/** The most frequent values of a column among the rows in the browser. */
export function topValues(rows: PackedRows, column: string, max: number): { value: Cell; count: number }[] {
  const packed = rows.packed[rows.indexOf(column)];
  if (packed === undefined) return [];
  const counts = new Map<Cell, number>();
  for (let row = 0; row < rows.length; row += 1) {
    const value = packed.at(row);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, max);
}
