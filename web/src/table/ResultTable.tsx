// The table of a result: only the rows and columns that can be seen are in the page, whatever the result's size.
// Deliberately absent: sorting and filtering (`rows/view`), and what becomes of a click on a value (the page decides).

import { type ReactNode, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { PackedRows } from '../rows/packed';
import type { View } from '../rows/view';
import type { Zone } from '../time/moment';
import { copyText } from '../widgets/copy';
import { CellBar } from './CellBar';
import { GroupRow } from './GroupRow';
import { HeaderRow } from './HeaderRow';
import { columnWindow, GUTTER_PX, HEADER_PX, type Placed, positionAt, topOf, totalHeight } from './layout';
import classes from './ResultTable.module.css';
import { Row } from './Row';
import { useColumns } from './useColumns';
import { useGridKeys } from './useGridKeys';
import { useViewport } from './useViewport';

export interface TableActions {
  sort: (column: string) => void;
  /** A value was chosen: shows what can be done with it. */
  value: (anchor: DOMRect, column: number, row: number) => void;
  include: ((column: number, row: number) => void) | null;
  exclude: ((column: number, row: number) => void) | null;
  toggleGroup: (key: string) => void;
}

interface Props {
  rows: PackedRows;
  view: View;
  version: number;
  zone: Zone;
  label: string;
  hidden: readonly string[];
  pinned: readonly string[];
  sort: { column: string; descending: boolean } | null;
  filtered: ReadonlySet<string>;
  openGroups: ReadonlySet<string>;
  actions: TableActions;
  menu: (column: Placed) => ReactNode;
  detail: (row: number) => ReactNode;
  /** Stays at the end while rows come in. */
  follow?: boolean;
  /** Rows do not open, and there are no numbers. */
  plain?: boolean;
}

const OVERSCAN = 6;
const MIN_SLOTS = 16;

export function ResultTable(props: Props) {
  const { rows, view, zone, actions } = props;
  const gutter = props.plain ? 0 : GUTTER_PX;
  const box = useRef<HTMLDivElement>(null);
  const viewport = useViewport(box);
  const { placed, resize } = useColumns(rows, props.hidden, props.pinned, props.version);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [active, setActive] = useState<{ position: number; column: number }>({ position: 0, column: 0 });
  const [keyed, setKeyed] = useState(false);

  const itemAt = useCallback(
    (position: number) => (view.items === null ? position : (view.items[position] ?? 0)),
    [view],
  );
  const openPositions = useMemo(() => positionsOf(open, view), [open, view]);
  const height = totalHeight(view.length, openPositions);
  const width = placed.reduce((sum, column) => sum + column.width, 0);
  const columns = columnWindow(placed, viewport.left, viewport.width - gutter);
  const first = Math.max(0, positionAt(viewport.top, view.length, openPositions) - OVERSCAN);
  const end = Math.min(
    view.length,
    positionAt(viewport.top + viewport.height, view.length, openPositions) + OVERSCAN + 1,
  );

  // Another result begins at its top; one that only grows does not jump.
  useLayoutEffect(() => {
    setOpen(new Set());
    setActive({ position: 0, column: 0 });
    if (box.current !== null) box.current.scrollTop = 0;
    void rows;
  }, [rows]);
  useLayoutEffect(() => {
    if (props.follow && box.current !== null && view.length > 0) box.current.scrollTop = height;
  }, [props.follow, height, view.length]);

  const toggle = useCallback((row: number) => {
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(row)) after.add(row);
      return after;
    });
  }, []);

  function act() {
    const item = itemAt(active.position);
    if (item < 0) actions.toggleGroup(view.groups[-1 - item]?.key ?? '');
    else if (!props.plain) toggle(item);
  }

  function choose(cell: Element) {
    const [row, column] = [itemAt(active.position), placed[active.column]];
    if (row >= 0 && column !== undefined) actions.value(cell.getBoundingClientRect(), column.at, row);
  }

  function copy() {
    const [row, column] = [itemAt(active.position), placed[active.column]];
    if (row >= 0 && column !== undefined) void copyText(String(rows.at(row, column.at) ?? ''));
  }

  const pressed = useGridKeys({
    box,
    viewport,
    placed,
    gutter,
    openPositions,
    length: view.length,
    active,
    setActive,
    act,
    choose,
    copy,
  });

  // A row that comes into sight takes the elements of one that went out of it.
  const slots = Math.max(MIN_SLOTS, Math.ceil((end - first) / MIN_SLOTS) * MIN_SLOTS);
  const shown: ReactNode[] = [];
  for (let position = first; position < end; position += 1) {
    const item = itemAt(position);
    const top = topOf(position, openPositions);
    const group = item < 0 ? view.groups[-1 - item] : undefined;
    if (group !== undefined) {
      shown.push(
        <GroupRow
          key={`g${position % slots}`}
          group={group}
          top={top}
          position={position}
          open={props.openGroups.has(group.key)}
          active={keyed && active.position === position}
          toggle={actions.toggleGroup}
          width={viewport.width}
        />,
      );
      continue;
    }
    shown.push(
      <Row
        key={position % slots}
        row={item}
        position={position}
        top={top}
        rows={rows}
        placed={placed}
        first={columns.first}
        end={columns.end}
        zone={zone}
        open={open.has(item)}
        activeColumn={keyed && active.position === position ? active.column : -1}
        toggle={toggle}
        detail={open.has(item) ? props.detail(item) : null}
        viewWidth={viewport.width}
        gutter={gutter}
      />,
    );
  }

  return (
    <div
      ref={box}
      className={classes.box}
      role="treegrid"
      aria-label={props.label}
      aria-rowcount={view.length + 1}
      aria-colcount={placed.length + 1}
      // The grid is one stop of the Tab key; arrows move within it.
      tabIndex={0}
      onKeyDown={pressed}
      onFocus={(event) => setKeyed(event.target === event.currentTarget)}
      onBlur={() => setKeyed(false)}
      onMouseDown={() => setKeyed(false)}
      data-testid="result-table"
    >
      <div
        style={{ width: width + gutter, height: height + HEADER_PX, minWidth: '100%' }}
        className={classes.canvas}
        data-wide={width + gutter > viewport.width || undefined}
      >
        <HeaderRow
          placed={placed}
          first={columns.first}
          end={columns.end}
          sort={props.sort}
          filtered={props.filtered}
          onSort={actions.sort}
          resize={resize}
          menu={props.menu}
          gutter={gutter}
        />
        {shown}
        {!props.plain && <CellBar box={box} actions={actions} />}
      </div>
    </div>
  );
}

/** Positions of the open rows, ascending. */
function positionsOf(open: ReadonlySet<number>, view: View): number[] {
  if (open.size === 0) return [];
  if (view.items === null) return [...open].filter((row) => row < view.length).sort((a, b) => a - b);
  const out: number[] = [];
  view.items.forEach((item, position) => {
    if (item >= 0 && open.has(item)) out.push(position);
  });
  return out;
}
