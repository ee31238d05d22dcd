// A cell as text for a table: short, one line, the same width of thought for every type.
// Deliberately absent: whole values (`table/JsonTree`) and charts' labels.

import { momentText, type Zone } from '../time/moment';
import type { Cell } from './packed';

/** Characters of a value that a table's cell shows; the whole value is one click away. */
export const CELL_CHARS_MAX = 300;

const NUMERIC = new Set(['int', 'long', 'real', 'decimal']);

export function isNumeric(type: string): boolean {
  return NUMERIC.has(type);
}

export function cellText(cell: Cell, type: string, zone: Zone): string {
  if (cell === null) return '';
  if (type === 'datetime') return momentText(String(cell), zone);
  if (type === 'real' && typeof cell === 'number') return realText(cell);
  const text = String(cell);
  return text.length > CELL_CHARS_MAX ? `${text.slice(0, CELL_CHARS_MAX)}…` : text;
}

function realText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)));
}
