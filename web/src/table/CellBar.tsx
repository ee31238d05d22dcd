// The small buttons that appear on the value under the pointer: include, exclude, more. One for the whole table, moved
// about, so that cells stay plain text.
// Deliberately absent: what the buttons do (`TableActions`), and the keyboard's way (Space on a cell).

import { IconDots, IconMinus, IconPlus } from '@tabler/icons-react';
import { memo, type RefObject, useEffect, useState } from 'react';
import type { TableActions } from './ResultTable';
import classes from './ResultTable.module.css';

interface Over {
  column: number;
  row: number;
  cell: HTMLElement;
  top: number;
  right: number;
}

export const CellBar = memo(function CellBar({
  box,
  actions,
}: {
  box: RefObject<HTMLDivElement | null>;
  actions: TableActions;
}) {
  const [over, setOver] = useState<Over | null>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (event: MouseEvent) => {
      if (!(event.target instanceof Element) || event.target.closest('[data-bar]') !== null) return;
      const cell = event.target.closest<HTMLElement>('[data-at]');
      const line = cell?.closest<HTMLElement>('[data-row]');
      if (cell === null || line === null || line === undefined || event.buttons !== 0) {
        setOver(null);
        return;
      }
      const [outer, inner] = [element.getBoundingClientRect(), cell.getBoundingClientRect()];
      setOver({
        column: Number(cell.dataset.at),
        row: Number(line.dataset.row),
        cell,
        top: inner.top - outer.top + element.scrollTop,
        right: Math.min(inner.right, outer.left + element.clientWidth) - outer.left + element.scrollLeft,
      });
    };
    const leave = () => setOver(null);
    element.addEventListener('mouseover', look);
    element.addEventListener('mouseleave', leave);
    element.addEventListener('scroll', leave, { passive: true });
    return () => {
      element.removeEventListener('mouseover', look);
      element.removeEventListener('mouseleave', leave);
      element.removeEventListener('scroll', leave);
    };
  }, [box]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const clicked = (event: MouseEvent) => {
      if (!(event.target instanceof Element) || event.target.closest('[data-bar]') !== null) return;
      const cell = event.target.closest<HTMLElement>('[data-at]');
      const line = cell?.closest<HTMLElement>('[data-row]');
      if (cell === null || line === null || line === undefined) return;
      // A text that was marked is to be copied, not clicked.
      if (window.getSelection()?.isCollapsed === false) return;
      actions.value(cell.getBoundingClientRect(), Number(cell.dataset.at), Number(line.dataset.row));
    };
    element.addEventListener('click', clicked);
    return () => element.removeEventListener('click', clicked);
  }, [box, actions]);
  if (over === null) return null;
  return (
    <div className={classes.bar} data-bar style={{ top: over.top + 2, left: over.right - 2 }} aria-hidden>
      {actions.include !== null && (
        <button
          type="button"
          tabIndex={-1}
          title="Include"
          onClick={() => actions.include?.(over.column, over.row)}
        >
          <IconPlus size={13} />
        </button>
      )}
      {actions.exclude !== null && (
        <button
          type="button"
          tabIndex={-1}
          title="Exclude"
          onClick={() => actions.exclude?.(over.column, over.row)}
        >
          <IconMinus size={13} />
        </button>
      )}
      <button
        type="button"
        tabIndex={-1}
        title="More"
        onClick={() => actions.value(over.cell.getBoundingClientRect(), over.column, over.row)}
      >
        <IconDots size={13} />
      </button>
    </div>
  );
});
