// One row: gutter, pinned cells, the cells that can be seen, and the panel below if it is open.
// Deliberately absent: state; a row is drawn again only when something of it changed.

import { memo, type ReactNode } from 'react';
import { cellText, isNumeric } from '../rows/cell';
import type { PackedRows } from '../rows/packed';
import type { Zone } from '../time/moment';
import { charWidth, fits, isPlain } from './fits';
import { PANEL_PX, type Placed, ROW_PX } from './layout';
import classes from './ResultTable.module.css';

interface Props {
  row: number;
  position: number;
  top: number;
  rows: PackedRows;
  placed: Placed[];
  first: number;
  end: number;
  zone: Zone;
  open: boolean;
  activeColumn: number;
  toggle: (row: number) => void;
  detail: ReactNode;
  viewWidth: number;
  /** Width of the gutter; without one, rows do not open. */
  gutter: number;
}

/** Colours of outcomes, where a column tells them. */
const TONES: Record<string, string> = { success: 'good', failure: 'bad', notice: 'neutral' };

export const Row = memo(function Row(props: Props) {
  const { row, rows, placed, zone } = props;
  const cells: ReactNode[] = [];
  let before = 0;
  placed.forEach((column, index) => {
    if (!column.pinned) return;
    before += column.width;
    cells.push(
      <TableCell
        key={column.at}
        {...{ row, rows, column, index, zone, gutter: props.gutter }}
        active={props.activeColumn === index}
      />,
    );
  });
  const start = placed[props.first]?.left ?? before;
  if (start > before)
    cells.push(<div key="space" className={classes.space} style={{ width: start - before }} />);
  for (let index = props.first; index < props.end; index += 1) {
    const column = placed[index];
    if (column === undefined || column.pinned) continue;
    cells.push(
      <TableCell
        key={column.at}
        {...{ row, rows, column, index, zone, gutter: props.gutter }}
        active={props.activeColumn === index}
      />,
    );
  }
  return (
    <>
      <div
        role="row"
        aria-rowindex={props.position + 2}
        aria-expanded={props.gutter > 0 ? props.open : undefined}
        className={classes.row}
        data-open={props.open || undefined}
        data-row={row}
        style={{ transform: `translateY(${props.top}px)`, height: ROW_PX }}
      >
        {props.gutter > 0 && (
          <div role="rowheader" className={classes.gutter} style={{ width: props.gutter }}>
            <button
              type="button"
              tabIndex={-1}
              className={classes.opener}
              onClick={() => props.toggle(row)}
              aria-label={`${props.open ? 'close' : 'open'} row ${props.position + 1}`}
            >
              <span className={classes.arrow} aria-hidden />
              {props.position + 1}
            </button>
          </div>
        )}
        {cells}
      </div>
      {props.open && (
        <div
          role="row"
          className={classes.panelRow}
          style={{
            transform: `translateY(${props.top + ROW_PX}px)`,
            height: PANEL_PX,
            width: props.viewWidth,
          }}
        >
          <div role="gridcell" className={classes.panel}>
            {props.detail}
          </div>
        </div>
      )}
    </>
  );
});

interface CellProps {
  row: number;
  rows: PackedRows;
  column: Placed;
  index: number;
  zone: Zone;
  active: boolean;
  gutter: number;
}

function TableCell({ row, rows, column, index, zone, active, gutter }: CellProps) {
  const cell = rows.at(row, column.at);
  const text = cellText(cell, column.column.type, zone);
  const plain = isPlain(text);
  const tone = column.column.name.endsWith('Outcome') ? TONES[text] : undefined;
  return (
    <div
      role="gridcell"
      aria-colindex={index + 2}
      className={classes.cell}
      data-at={column.at}
      data-pinned={column.pinned || undefined}
      data-number={isNumeric(column.column.type) || undefined}
      data-dynamic={column.column.type === 'dynamic' || undefined}
      data-tone={tone}
      data-active-cell={active || undefined}
      data-fits={(plain && fits(text, column.width, charWidth())) || undefined}
      style={column.pinned ? { width: column.width, left: gutter + column.left } : { width: column.width }}
    >
      {plain ? text : <span className="foreign">{text}</span>}
    </div>
  );
}
