// Rows of a result, packed by column: each distinct value once, and a number a row. Half a million rows fit, and sorting,
// filtering and grouping work on the distinct values.
// Deliberately absent: order and selection (`view`), and how a value is written (`cell`).

import type { Column } from '../api/types.gen';

/** What a cell holds: dynamic values are kept as JSON text. */
export type Cell = string | number | boolean | null;

/** Above so many distinct values a column is looked at: if most of them are distinct, finding them again costs more than it saves. */
const DISTINCT_LOOK = 8_192;
/** Bytes of text above which a result is not taken further into the browser's memory. */
export const TEXT_BYTES_MAX = 1_200_000_000;

export class PackedColumn {
  readonly values: Cell[] = [];
  codes = new Uint32Array(1_024);
  private index: Map<Cell, number> | null = new Map();
  textBytes = 0;

  constructor(readonly column: Column) {}

  push(raw: unknown, row: number): void {
    if (row >= this.codes.length) {
      const grown = new Uint32Array(this.codes.length * 2);
      grown.set(this.codes);
      this.codes = grown;
    }
    this.codes[row] = this.code(this.cell(raw), row);
  }

  private cell(raw: unknown): Cell {
    if (raw === null || raw === undefined) return null;
    if (this.column.type === 'dynamic') return JSON.stringify(raw);
    if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return raw;
    return JSON.stringify(raw);
  }

  private code(cell: Cell, row: number): number {
    const known = this.index?.get(cell);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(cell);
    if (typeof cell === 'string') this.textBytes += cell.length;
    this.index?.set(cell, code);
    if (code > DISTINCT_LOOK && code > row / 2) this.index = null;
    return code;
  }

  at(row: number): Cell {
    return this.values[this.codes[row] ?? 0] ?? null;
  }
}

export class PackedRows {
  length = 0;
  readonly packed: PackedColumn[];

  constructor(readonly columns: Column[]) {
    this.packed = columns.map((column) => new PackedColumn(column));
  }

  append(rows: readonly (readonly unknown[])[]): void {
    for (const row of rows) {
      for (let at = 0; at < this.packed.length; at += 1) this.packed[at]?.push(row[at], this.length);
      this.length += 1;
    }
  }

  at(row: number, column: number): Cell {
    return this.packed[column]?.at(row) ?? null;
  }

  indexOf(name: string): number {
    return this.columns.findIndex((column) => column.name === name);
  }

  /** Bytes of text held, about. */
  textBytes(): number {
    return this.packed.reduce((sum, column) => sum + column.textBytes, 0);
  }

  /** The rows as they came, for charts and exports of small results. */
  rows(max: number): Cell[][] {
    const out: Cell[][] = [];
    for (let row = 0; row < Math.min(max, this.length); row += 1)
      out.push(this.packed.map((column) => column.at(row)));
    return out;
  }
}

export function packedOf(columns: Column[], rows: readonly (readonly unknown[])[]): PackedRows {
  const packed = new PackedRows(columns);
  packed.append(rows);
  return packed;
}
