// The names of the columns: a click sorts, the edge is dragged for the width, the dots open the column's menu.
// Deliberately absent: what stands in the menu (the page decides).

import { IconArrowDown, IconArrowUp, IconFilterFilled } from '@tabler/icons-react';
import { memo, type PointerEvent, type ReactNode } from 'react';
import { isNumeric } from '../rows/cell';
import { HEADER_PX, type Placed } from './layout';
import classes from './ResultTable.module.css';

interface Props {
  placed: Placed[];
  first: number;
  end: number;
  sort: { column: string; descending: boolean } | null;
  filtered: ReadonlySet<string>;
  onSort: (column: string) => void;
  resize: (column: string, width: number) => void;
  menu: (column: Placed) => ReactNode;
  gutter: number;
}

/** Drawn again only when columns change: its menus are the costliest part of the table, and scrolling is to be smooth. */
export const HeaderRow = memo(function HeaderRow(props: Props) {
  const { placed, first, end } = props;
  const cells: ReactNode[] = [];
  let before = 0;
  placed.forEach((column, index) => {
    if (!column.pinned) return;
    before += column.width;
    cells.push(<HeaderCell key={column.at} column={column} index={index} {...props} />);
  });
  const start = placed[first]?.left ?? before;
  if (start > before)
    cells.push(<div key="space" className={classes.space} style={{ width: start - before }} />);
  for (let index = first; index < end; index += 1) {
    const column = placed[index];
    if (column !== undefined && !column.pinned) {
      cells.push(<HeaderCell key={column.at} column={column} index={index} {...props} />);
    }
  }
  return (
    <div role="row" aria-rowindex={1} className={classes.header} style={{ height: HEADER_PX }}>
      {props.gutter > 0 && (
        <div role="columnheader" className={classes.corner} style={{ width: props.gutter }}>
          <span className="visually-hidden">row</span>
        </div>
      )}
      {cells}
    </div>
  );
});

const TYPE_MARKS: Record<string, string> = {
  datetime: 'time',
  dynamic: '{ }',
  bool: 'y/n',
  timespan: 'dur',
  guid: 'id',
};

function HeaderCell({
  column,
  index,
  sort,
  filtered,
  onSort,
  resize,
  menu,
  gutter,
}: Props & { column: Placed; index: number }) {
  const { name, type } = column.column;
  const sorted = sort?.column === name;

  function grab(event: PointerEvent<HTMLDivElement>) {
    event.preventDefault();
    event.stopPropagation();
    const [from, width, handle] = [event.clientX, column.width, event.currentTarget];
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => resize(name, width + moved.clientX - from);
    const drop = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', drop);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', drop);
  }

  return (
    <div
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
      className={classes.headerCell}
      data-pinned={column.pinned || undefined}
      data-number={isNumeric(type) || undefined}
      style={column.pinned ? { width: column.width, left: gutter + column.left } : { width: column.width }}
    >
      <button
        type="button"
        className={classes.headerName}
        onClick={() => onSort(name)}
        title={`${name}: ${type}`}
      >
        <span className="foreign">{name.slice(0, 120)}</span>
        {sorted &&
          (sort.descending ? <IconArrowDown size={13} aria-hidden /> : <IconArrowUp size={13} aria-hidden />)}
        {filtered.has(name) && <IconFilterFilled size={11} aria-label="filtered" />}
        {TYPE_MARKS[type] !== undefined && !sorted && (
          <span className={classes.type} aria-hidden>
            {TYPE_MARKS[type]}
          </span>
        )}
      </button>
      {menu(column)}
      <div className={classes.edge} onPointerDown={grab} aria-hidden />
    </div>
  );
}
