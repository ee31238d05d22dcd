// The keyboard in the table: arrows move the active cell and scroll it into sight, Enter and Space act on it.
// Deliberately absent: what acting means (the table's owner decides).

import type { KeyboardEvent, RefObject } from 'react';
import { HEADER_PX, type Placed, ROW_PX, topOf } from './layout';
import type { Viewport } from './useViewport';

export interface Active {
  position: number;
  column: number;
}

interface Keys {
  box: RefObject<HTMLDivElement | null>;
  viewport: Viewport;
  placed: Placed[];
  gutter: number;
  openPositions: number[];
  length: number;
  active: Active;
  setActive: (active: Active) => void;
  act: () => void;
  choose: (cell: Element) => void;
  copy: () => void;
}

export function useGridKeys(keys: Keys): (event: KeyboardEvent) => void {
  const { box, viewport, placed, gutter, openPositions, length, active, setActive, act, choose, copy } = keys;

  function moveTo(position: number, column: number) {
    const to = {
      position: Math.min(Math.max(0, position), Math.max(0, length - 1)),
      column: Math.min(Math.max(0, column), Math.max(0, placed.length - 1)),
    };
    setActive(to);
    const element = box.current;
    const target = placed[to.column];
    if (element === null || target === undefined) return;
    const top = topOf(to.position, openPositions);
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_PX + HEADER_PX > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + ROW_PX + HEADER_PX - element.clientHeight;
    }
    if (target.pinned) return;
    const pinnedWidth = placed
      .filter((column) => column.pinned)
      .reduce((sum, column) => sum + column.width, 0);
    if (target.left - pinnedWidth < element.scrollLeft) element.scrollLeft = target.left - pinnedWidth;
    const visible = element.clientWidth - gutter;
    if (target.left + target.width > element.scrollLeft + visible)
      element.scrollLeft = target.left + target.width - visible;
  }

  return function pressed(event: KeyboardEvent) {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(viewport.height / ROW_PX) - 2);
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === 'c') {
      if (window.getSelection()?.isCollapsed !== false) copy();
      return;
    }
    const moves: Record<string, () => void> = {
      ArrowDown: () => moveTo(active.position + 1, active.column),
      ArrowUp: () => moveTo(active.position - 1, active.column),
      ArrowRight: () => moveTo(active.position, active.column + 1),
      ArrowLeft: () => moveTo(active.position, active.column - 1),
      PageDown: () => moveTo(active.position + page, active.column),
      PageUp: () => moveTo(active.position - page, active.column),
      Home: () => moveTo(control ? 0 : active.position, 0),
      End: () => moveTo(control ? length - 1 : active.position, placed.length - 1),
      Enter: act,
      ' ': () => {
        const cell = box.current?.querySelector('[data-active-cell]');
        if (cell) choose(cell);
      },
    };
    const move = moves[event.key];
    if (move === undefined || (control && !['Home', 'End'].includes(event.key))) return;
    event.preventDefault();
    move();
  };
}
