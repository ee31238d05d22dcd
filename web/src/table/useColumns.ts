// The columns of the table with their widths: guessed from the first rows, then as they were dragged.
// Deliberately absent: which are hidden or pinned, which the address says.

import { useCallback, useMemo, useRef, useState } from 'react';
import type { PackedRows } from '../rows/packed';
import { clampWidth, guessWidth, type Placed, place } from './layout';

/** Rows from which widths are guessed; before that many are there, they are guessed again. */
const GUESS_ROWS = 40;

export function useColumns(
  rows: PackedRows,
  hidden: readonly string[],
  pinned: readonly string[],
  version: number,
): { placed: Placed[]; resize: (column: string, width: number) => void } {
  const [dragged, setDragged] = useState<ReadonlyMap<string, number>>(new Map());
  const known = useRef<{ rows: PackedRows; seen: number; widths: Map<string, number> } | null>(null);
  const seen = Math.min(rows.length, GUESS_ROWS);
  if (known.current === null || known.current.rows !== rows || known.current.seen < seen) {
    const widths = new Map(rows.columns.map((column, at) => [column.name, guessWidth(column, at, rows)]));
    known.current = { rows, seen, widths };
  }
  const guessed = known.current.widths;
  void version;
  const placed = useMemo(
    () => place(rows.columns, new Map([...guessed, ...dragged]), hidden, pinned),
    [rows, guessed, dragged, hidden, pinned],
  );
  const resize = useCallback((column: string, width: number) => {
    setDragged((before) => new Map(before).set(column, clampWidth(width)));
  }, []);
  return { placed, resize };
}
